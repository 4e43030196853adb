package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// bare is an Elasticsearch with nothing in it, that lets the user admin do anything.
type bare struct {
	mu   sync.Mutex
	puts map[string]string
}

func (b *bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	refuse := func(status int, kind string) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"error":{"type":%q,"reason":"no"},"status":%d}`, kind, status)
	}
	user, password, _ := r.BasicAuth()
	switch {
	case user != "admin" || password != "hunter2":
		refuse(http.StatusForbidden, "security_exception")
	case r.URL.Path == "/":
		_, _ = io.WriteString(w, `{}`)
	case r.Method == http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		b.puts[r.URL.Path] = string(body)
		_, _ = io.WriteString(w, `{"acknowledged":true}`)
	default:
		refuse(http.StatusNotFound, "index_not_found_exception")
	}
}

func TestSetup(t *testing.T) {
	b := &bare{puts: map[string]string{}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	settings := file(t, "f.yml", "output:\n  elasticsearch:\n    addresses: [\""+server.URL+"\"]\n    username: writer\n")
	password := file(t, "password", "hunter2\n")
	setup := func(args ...string) (string, error) {
		t.Helper()
		out, _, err := execute(t, append([]string{"setup", "--config", settings}, args...)...)
		return out, err
	}
	if _, err := setup(); err == nil || !strings.Contains(err.Error(), "unable to look for flows: 403 Forbidden") {
		t.Errorf("without the rights: %v", err)
	}
	admin := []string{"--user", "admin", "--password-file", password}
	out, err := setup(slices.Concat(admin, []string{"--dry-run", "--target", "alias"})...)
	if err != nil || len(b.puts) != 0 || !strings.Contains(out, "index template flows: would be created\n  PUT /_index_template/flows\n") ||
		!strings.Contains(out, `"is_write_index": true`) || !strings.HasSuffix(out, "flows would be ready for flows (alias)\n") {
		t.Errorf("dry run: %v, %d puts\n%s", err, len(b.puts), out)
	}
	out, err = setup(admin...)
	if err != nil || out != "component template flows-settings: created\ncomponent template flows-mappings: created\nindex template flows: created\n"+
		"data stream flows: created\nflows is ready for flows (data stream)\n" {
		t.Errorf("%v\n%s", err, out)
	}
	if _, made := b.puts["/_data_stream/flows"]; !made || !strings.Contains(b.puts["/_index_template/flows"], `"data_stream":{}`) {
		t.Errorf("puts %v", b.puts)
	}
	settings = file(t, "health.yml", "output:\n  elasticsearch:\n    addresses: [\""+server.URL+"\"]\n    health: {index: health-flows}\n")
	out, err = setup(admin...)
	if err != nil || !strings.HasSuffix(out, "data stream health-flows: created\nhealth-flows is ready for health (data stream)\n") ||
		!strings.Contains(b.puts["/_component_template/health-flows-mappings"], `"lag_seconds"`) {
		t.Errorf("with documents of health: %v\n%s", err, out)
	}
	for want, args := range map[string][]string{
		`--target: "table" is none of auto, data_stream, alias, index`: {"--target", "table"},
		"--password-file: open ":  {"--user", "admin", "--password-file", password + ".none"},
		"missing [password-file]": {"--user", "admin"},
	} {
		if _, err := setup(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
	settings = file(t, "none.yml", "log: {level: info}\n")
	if _, err := setup(); err == nil || !strings.Contains(err.Error(), "output.elasticsearch.addresses is empty") {
		t.Errorf("without an address: %v", err)
	}
}
