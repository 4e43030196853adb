package providertest

import (
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
)

// Elasticsearch is a fake Elasticsearch that knows users, roles and API keys besides what elasticfake knows, wants TLS and credentials, and records what it
// is asked.
type Elasticsearch struct {
	*httptest.Server
	CA       string // PEM
	Password string // of the user elastic

	index    *elasticfake.Cluster // indices, templates and the like
	mu       sync.Mutex
	security esSecurity
	cluster  esCluster
	requests []string // METHOD PATH
	fail     *Failure
	cut      esCut
}

// Failure is an answer that is an error.
type Failure struct {
	Status int
	Body   string
}

// StartElasticsearch starts one, and stops it at the end of the test.
func StartElasticsearch(t *testing.T) *Elasticsearch {
	t.Helper()
	e := &Elasticsearch{
		Password: "elastic-password-canary", index: elasticfake.New(elasticfake.Options{PathRepo: []string{"/srv/snapshots"}}), security: newESSecurity(), cluster: newESCluster(),
	}
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

// Template is an index template; nil: there is none.
func (e *Elasticsearch) Template(name string) map[string]any { return e.index.Template(name) }

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
	if w = e.cut.passes(w); w == nil {
		return
	}
	who, ok := e.who(r)
	if !ok {
		refuse(w, http.StatusUnauthorized, "security_exception", fmt.Sprintf("unable to authenticate user [%s] for REST request [%s]", who, r.URL.Path))
		return
	}
	if strings.HasPrefix(r.URL.Path, "/_security/") {
		e.serveSecurity(w, r, who)
		return
	}
	if e.cluster.serve(w, r) {
		return
	}
	e.index.ServeHTTP(w, r)
}

func answer(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the client sees what is missing
}
