package providertest

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Elasticsearch is a fake Elasticsearch that knows index templates, wants TLS and a password, and records what it is asked.
type Elasticsearch struct {
	*httptest.Server
	CA       string // PEM
	Password string // of the user elastic

	mu        sync.Mutex
	templates map[string]json.RawMessage
	requests  []string // METHOD PATH
	fail      *Failure
}

// Failure is an answer that is an error.
type Failure struct {
	Status int
	Body   string
}

// StartElasticsearch starts one, and stops it at the end of the test.
func StartElasticsearch(t *testing.T) *Elasticsearch {
	t.Helper()
	e := &Elasticsearch{Password: "elastic-password-canary", templates: map[string]json.RawMessage{}}
	e.Server = httptest.NewTLSServer(e)
	t.Cleanup(e.Close)
	e.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Certificate().Raw}))
	return e
}

// Config is the provider's attribute elasticsearch.
func (e *Elasticsearch) Config() string {
	return fmt.Sprintf(`{
    endpoint       = %q
    username       = "elastic"
    password       = %q
    ca_certificate = <<-EOT
%s
    EOT
  }`, e.URL, e.Password, strings.TrimSpace(e.CA))
}

// Provider is a provider block with this Elasticsearch behind host flow1.
func (e *Elasticsearch) Provider(h *Host) string {
	return Preamble + fmt.Sprintf("provider \"flowstack\" {\n  hosts = {\n    flow1 = %s\n  }\n  elasticsearch = %s\n}\n", h.Config(), e.Config())
}

// Requests are those since the last call: METHOD PATH.
func (e *Elasticsearch) Requests() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	requests := e.requests
	e.requests = nil
	return requests
}

// Fail makes every request fail; nil ends it.
func (e *Elasticsearch) Fail(with *Failure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fail = with
}

// Template is a template as it was put; nil: there is none.
func (e *Elasticsearch) Template(name string) map[string]any {
	e.mu.Lock()
	defer e.mu.Unlock()
	var template map[string]any
	_ = json.Unmarshal(e.templates[name], &template) // an absent one is no JSON
	return template
}

// SetTemplate puts a template by hand; nil removes it.
func (e *Elasticsearch) SetTemplate(name string, template map[string]any) {
	body, err := json.Marshal(template)
	if err != nil {
		panic(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if template == nil {
		delete(e.templates, name)
		return
	}
	e.templates[name] = body
}

// ServeHTTP implements http.Handler.
func (e *Elasticsearch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests = append(e.requests, r.Method+" "+r.URL.Path)
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	if e.fail != nil {
		answer(w, e.fail.Status, e.fail.Body)
		return
	}
	if user, password, _ := r.BasicAuth(); user != "elastic" || password != e.Password {
		answer(w, http.StatusUnauthorized, `{"error":{"root_cause":[{"type":"security_exception","reason":"unable to authenticate user [elastic]"}],`+
			`"type":"security_exception","reason":"unable to authenticate user [elastic] for REST request [/_index_template/flows]"},"status":401}`)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/_index_template/")
	if !ok {
		answer(w, http.StatusBadRequest, `{"error":"no handler found for uri","status":400}`)
		return
	}
	template, exists := e.templates[name]
	switch {
	case r.Method == http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil || !json.Valid(body) {
			answer(w, http.StatusBadRequest, `{"error":{"type":"parse_exception","reason":"not JSON"},"status":400}`)
			return
		}
		e.templates[name] = body
		answer(w, http.StatusOK, `{"acknowledged":true}`)
	case !exists:
		answer(w, http.StatusNotFound, fmt.Sprintf(`{"error":{"root_cause":[{"type":"resource_not_found_exception","reason":"index template matching [%s] not found"}],`+
			`"type":"resource_not_found_exception","reason":"index template matching [%s] not found"},"status":404}`, name, name))
	case r.Method == http.MethodDelete:
		delete(e.templates, name)
		answer(w, http.StatusOK, `{"acknowledged":true}`)
	default: // as Elasticsearch 7.17 returns it: with an empty composed_of
		var whole map[string]any
		if err := json.Unmarshal(template, &whole); err != nil {
			answer(w, http.StatusInternalServerError, `{}`)
			return
		}
		whole["composed_of"] = []any{}
		body, err := json.Marshal(map[string]any{"index_templates": []any{map[string]any{"name": name, "index_template": whole}}})
		if err != nil {
			answer(w, http.StatusInternalServerError, `{}`)
			return
		}
		answer(w, http.StatusOK, string(body))
	}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the client sees what is missing
}
