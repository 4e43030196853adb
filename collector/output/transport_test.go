package output

import (
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
)

// TestSecretsAreReadAgain: a password that is put right is used without a restart.
func TestSecretsAreReadAgain(t *testing.T) {
	f := newFakeServer(t)
	guarded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "ApiKey right" {
			w.Header().Set("X-Elastic-Product", "Elasticsearch")
			answer(w, 401, "security_exception", "unable to authenticate")
			return
		}
		f.ServeHTTP(w, r)
	}))
	t.Cleanup(guarded.Close)
	var mu sync.Mutex
	key := "wrong"
	r := newRig(t, 1<<20, 1<<20, func(c *ElasticsearchConfig) {
		c.Addresses = []string{guarded.URL}
		c.Secrets = func() (Secrets, error) {
			mu.Lock()
			defer mu.Unlock()
			return Secrets{APIKey: key, Username: "not used", Password: "with a key"}, nil
		}
	})
	r.add(10)
	r.batcher.Flush()
	r.until("the refusal to show", func(s Stats) bool { return s.Problem.Cause == "unauthorized" })
	mu.Lock()
	key = "right"
	mu.Unlock()
	r.until("all stored", Stats.settled)
	f.once(t, 10)
}

// TestCertificatesAreReadAgain: a server that comes back with a certificate of another authority is trusted as soon as ca_file has it.
func TestCertificatesAreReadAgain(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	authority := filepath.Join(t.TempDir(), "ca.crt")
	write := func(content []byte, at time.Time) {
		t.Helper()
		if err := os.WriteFile(authority, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(authority, at, at); err != nil {
			t.Fatal(err)
		}
	}
	right := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	other := certtest.New(t).PEM
	now := time.Now()
	write(other, now)
	tr, err := newTransport(Connection{CAFile: authority, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	clock := now
	tr.clock = func() time.Time { return clock }
	get := func() error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := tr.RoundTrip(request)
		if err == nil {
			err = res.Body.Close()
		}
		return err
	}
	if get() == nil {
		t.Fatal("a server of another authority is trusted")
	}
	write([]byte("half a fi"), now.Add(time.Second))
	clock = clock.Add(filesInterval)
	if get() == nil {
		t.Fatal("a server is trusted without an authority")
	}
	write(right, now.Add(2*time.Second))
	clock = clock.Add(filesInterval)
	if err := get(); err != nil {
		t.Errorf("after the change: %v", err)
	}
}
