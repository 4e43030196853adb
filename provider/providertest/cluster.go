package providertest

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh/sshtest"
)

// Cluster is an Elasticsearch that has indices, templates, data streams, lifecycle policies and so on: a faithful one in this process, or the one that the
// environment names. It wants TLS and a password.
type Cluster struct {
	*elasticfake.Cluster // nil: it is a real one
	real                 elasticfake.Real
}

// StartCluster starts one in this process, and stops it at the end of the test.
func StartCluster(t *testing.T, options elasticfake.Options) *Cluster {
	t.Helper()
	c := &Cluster{Cluster: elasticfake.New(options), real: elasticfake.Real{Username: "elastic", Password: "elastic-password-canary"}}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != c.real.Username || password != c.real.Password {
			w.Header().Set("X-elastic-product", "Elasticsearch")
			answer(w, http.StatusUnauthorized, `{"error":{"root_cause":[{"type":"security_exception","reason":"unable to authenticate user [elastic]"}],`+
				`"type":"security_exception","reason":"unable to authenticate user [elastic] for REST request [`+r.URL.Path+`]"},"status":401}`)
			return
		}
		c.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	c.real.URL, c.real.Client = server.URL, server.Client()
	c.real.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	return c
}

// Clusters are one in this process and, where ELASTICSEARCH_URL names one, a real one, by what to call them.
func Clusters(t *testing.T, options elasticfake.Options) map[string]*Cluster {
	t.Helper()
	all := map[string]*Cluster{"fake": StartCluster(t, options)}
	named, err := elasticfake.FromEnvironment("ELASTICSEARCH")
	if err != nil {
		t.Fatal(err)
	}
	if named != nil {
		all["ELASTICSEARCH_URL"] = &Cluster{real: *named}
	}
	return all
}

// Provider is a provider block with this Elasticsearch behind host flow1.
func (c *Cluster) Provider(h *Host) string {
	var block strings.Builder
	fmt.Fprintf(&block, "    endpoint = %q\n", c.real.URL)
	if c.real.Username != "" {
		fmt.Fprintf(&block, "    username = %q\n    password = %q\n", c.real.Username, c.real.Password)
	}
	if c.real.CA != "" {
		fmt.Fprintf(&block, "    ca_certificate = <<-EOT\n%s\n    EOT\n", strings.TrimSpace(c.real.CA))
	}
	return Preamble + fmt.Sprintf("provider \"flowstack\" {\n  hosts = {\n    flow1 = %s\n  }\n  elasticsearch = {\n%s  }\n}\n", h.Config(), block.String())
}

// CutAt lets the nth request that changes something fail, before it is done or after; 0: none.
func (c *Cluster) CutAt(n int, moment sshtest.Moment) {
	c.Heal()
	if n > 0 {
		fault := elasticfake.Forbidden // an answer that nobody waits on
		fault.Changes, fault.Skip, fault.Times, fault.After = true, n-1, 1, moment == sshtest.After
		c.Inject(fault)
	}
}

// CutPending tells whether there were not so many requests.
func (c *Cluster) CutPending() bool { return c.Pending() }

// Do asks Elasticsearch by hand. The body, unless it is nil, is sent as JSON. An answer that is an error fails the test, except that there is no such thing:
// then the answer is nil.
func (c *Cluster) Do(t *testing.T, method, path string, body any) map[string]any {
	t.Helper()
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, c.real.URL+path, content)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(c.real.Username, c.real.Password)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.real.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if response.StatusCode == http.StatusNotFound {
		return nil
	}
	if response.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s: %s: %v", method, path, response.Status, answer)
	}
	return answer
}
