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
