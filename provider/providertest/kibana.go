package providertest

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/kibanafake"
)

// Kibana is a Kibana in the test's process, with TLS and a password.
type Kibana struct {
	*kibanafake.Server
	URL      string
	CA       string        // PEM, of its own certificate
	Password string        // of the user elastic
	InForce  func() string // the password instead of Password, where that is another one at times; nil: it is not
	NotReady atomic.Int32  // so many of the next logins are refused, as while Elasticsearch has its index of users not ready
}

// StartKibana starts one, and stops it at the end of the test.
func StartKibana(t *testing.T) *Kibana {
	t.Helper()
	k := &Kibana{Password: "kibana-password-canary"}
	k.Server = kibanafake.New(kibanafake.Options{Authenticate: func(_ context.Context, user, password string) (bool, error) {
		right := k.Password
		if k.InForce != nil {
			right = k.InForce()
		}
		return k.NotReady.Add(-1) < 0 && (user == "elastic" || user == "kibana_system") && password == right, nil
	}})
	server := httptest.NewTLSServer(k.Server)
	t.Cleanup(server.Close)
	k.URL = server.URL
	k.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	return k
}

// Port is the TCP port it listens on.
func (k *Kibana) Port() string {
	at, err := url.Parse(k.URL)
	if err != nil {
		panic(err) // it is httptest's
	}
	return at.Port()
}

// Config is the provider's attribute kibana.
func (k *Kibana) Config() string {
	return fmt.Sprintf(`{
    endpoint       = %q
    username       = "elastic"
    password       = %q
    ca_certificate = <<-EOT
%s
    EOT
  }`, k.URL, k.Password, strings.TrimSpace(k.CA))
}

// Provider is a provider block with this Kibana behind host flow1.
func (k *Kibana) Provider(h *Host) string {
	return Preamble + fmt.Sprintf("provider \"flowstack\" {\n  hosts = {\n    flow1 = %s\n  }\n  kibana = %s\n}\n", h.Config(), k.Config())
}

// kibanaProgram is the program that stands for Kibana's, built once a process.
var kibanaProgram = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "kibana")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // read
	file := filepath.Join(folder, "kibana")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", file, "github.com/flowstack/terraform-provider-flowstack/acctest/cmd/kibana")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(file)
})

// OfferKibana lets the host's repositories have Kibana's package in these versions, the highest first. Its service does not run Kibana, which
// is one in the test's process.
func (h *Host) OfferKibana(versions ...string) {
	h.t.Helper()
	program, err := kibanaProgram()
	if err != nil {
		h.t.Fatal(err)
	}
	h.Systemd()
	h.Write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nkibana:x:989:989::/nowhere:/bin/false\n")
	h.Write("/etc/group", "root:x:0:\nkibana:x:989:\n")
	h.Share("kibana/bin/kibana-keystore", program, 0o755)
	h.Offer("kibana", versions...)
	h.Content("kibana", map[string]string{
		"/etc/kibana/kibana.yml":          "# as packaged\n",
		"/etc/fake/vendor/kibana.service": "[Service]\nExecStart=/usr/share/kibana/bin/kibana\n",
	})
}
