package service

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
)

// A request that is under way when settings change is answered, and so are those that come meanwhile.
func TestRequestsAreAnsweredWhileSettingsOfHTTPChange(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path, c.HTTP.Pprof = "/dev/null", true }))
	slow := make(chan string, 1)
	began := make(chan struct{})
	go func() {
		close(began)
		code, text := r.get("/debug/pprof/trace?seconds=2")
		slow <- fmt.Sprintf("%d, %d octets", code, len(text))
	}()
	<-began
	for i := range 3 {
		r.reload(func(c *config.Config) { c.HTTP.Hosts = []string{fmt.Sprintf("host-%d.example", i)} })
		if code, _ := r.get("/livez"); code != http.StatusOK {
			t.Errorf("%d after reload %d", code, i+1)
		}
		select {
		case got := <-slow:
			t.Fatalf("the request under way ended with a reload: %s", got)
		default:
		}
	}
	if got := <-slow; !strings.HasPrefix(got, "200, ") || strings.HasSuffix(got, " 0 octets") {
		t.Errorf("the request under way: %s", got)
	}
}

// TLS comes and goes with the settings, at the same address.
func TestTLSOfHTTPIsTurnedOnAndOff(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }))
	authority := certtest.New(t)
	files := newTLSFiles(t)
	files.put(t, authority.Server(t, "collector.example"), authority)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool(), MinVersion: tls.VersionTLS13}}}
	secured := func() string {
		resp, err := client.Get("https://" + r.HTTP.String() + "/livez") //nolint:noctx // it ends with the collector
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(resp.StatusCode, resp.Body.Close())
	}
	if got := secured(); !strings.Contains(got, "server gave HTTP response to HTTPS client") {
		t.Errorf("TLS though nobody asked for it: %s", got)
	}
	r.reload(func(c *config.Config) {
		c.HTTP.TLS.CertificateFile, c.HTTP.TLS.KeyFile = files.CertificateFile, files.KeyFile
	})
	if got := secured(); got != "200 <nil>" {
		t.Errorf("with TLS: %s", got)
	}
	resp, err := http.Get("http://" + r.HTTP.String() + "/livez") //nolint:noctx // it ends with the collector
	if err != nil {
		t.Fatal(err)
	}
	if _ = resp.Body.Close(); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS though it is asked for: %d", resp.StatusCode)
	}
	r.reload(func(c *config.Config) { c.HTTP.TLS = config.HTTPTLS{} })
	if code, _ := r.get("/livez"); code != http.StatusOK {
		t.Errorf("without TLS again: %d", code)
	}
}

// Without pages nothing is noted for them.
func TestNothingIsNotedWithoutPages(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }))
	noted := func() (n int) {
		for _, p := range r.s.pipelines() {
			if p.top.Load() != nil {
				n++
			}
		}
		if r.s.sampler.Load() != nil {
			n++
		}
		return n
	}
	all := len(r.s.pipelines()) + 1
	for _, on := range []bool{true, false, true} {
		if on {
			r.reload(func(c *config.Config) { c.HTTP.Address = "127.0.0.1:0" })
		} else {
			r.reload(func(c *config.Config) { c.HTTP.Address = "" })
		}
		if n := noted(); on && n != all || !on && n != 0 {
			t.Errorf("http is on: %t, and %d of %d note", on, n, all)
		}
	}
}

// A server that serves no more, though nobody closed it, is noticed by the watchdog.
func TestServerThatEnds(t *testing.T) {
	r := runReloadable(t, settings(func(c *config.Config) { c.Output.NDJSON.Path = "/dev/null" }))
	if err := r.s.alive(); err != nil {
		t.Fatal(err)
	}
	if err := r.s.http.listener.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "the alarm", func() bool {
		err := r.s.alive()
		return err != nil && strings.Contains(err.Error(), "the HTTP server ended")
	})
	r.reload(func(c *config.Config) { c.HTTP.Address = "127.0.0.2:0" })
	if err := r.s.alive(); err != nil {
		t.Errorf("with another server: %v", err)
	}
}
