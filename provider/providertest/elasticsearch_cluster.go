package providertest

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
)

// ElasticsearchCluster are nodes of Elasticsearch on fake hosts that know what a restart of one has to do with: who they are, their cluster's health
// and settings. A node answers while its unit runs.
type ElasticsearchCluster struct {
	Name     string
	Password string // of the user elastic; empty: everybody may ask

	t        *testing.T
	mu       sync.Mutex
	nodes    map[string]*ElasticsearchNode
	settings map[string]any
	status   string
	formed   bool
	uuid     string
	most     int // nodes that ran at the same time
	changes  []string
	voters   []string // nil: the nodes that run
	index    *elasticfake.Cluster
}

// ElasticsearchNode is one of its nodes.
type ElasticsearchNode struct {
	*httptest.Server
	Host    *Host
	Name    string
	Port    int
	cluster *ElasticsearchCluster
}

// StartElasticsearchCluster makes a cluster without nodes.
func StartElasticsearchCluster(t *testing.T, name string) *ElasticsearchCluster {
	t.Helper()
	return &ElasticsearchCluster{
		Name: name, Password: "elastic-password-canary", t: t, nodes: map[string]*ElasticsearchNode{}, settings: map[string]any{}, status: "green", uuid: "uuid-of-" + name,
		index: elasticfake.New(elasticfake.Options{}),
	}
}

// Node gives a host what Elastic's package would bring, and a node of this name that answers once it runs. The authority of its certificate is on the host.
func (c *ElasticsearchCluster) Node(h *Host, name string) *ElasticsearchNode {
	c.t.Helper()
	n := &ElasticsearchNode{Host: h, Name: name, cluster: c}
	n.Server = httptest.NewUnstartedServer(n)
	n.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that are about to learn whom to trust
	n.StartTLS()
	c.t.Cleanup(n.Close)
	_, port, err := net.SplitHostPort(n.Listener.Addr().String())
	if err != nil {
		c.t.Fatal(err)
	}
	if n.Port, err = strconv.Atoi(port); err != nil {
		c.t.Fatal(err)
	}
	h.Systemd("elasticsearch.service")
	h.Offer("elasticsearch", "7.17.29", "7.17.28")
	tool, err := programs.ReadFile("fakehost/elasticsearch-keystore.sh")
	if err != nil {
		c.t.Fatal(err)
	}
	for _, folder := range []string{"share/elasticsearch/bin", "var/log"} {
		if err := os.MkdirAll(h.Path(folder), 0o755); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(h.Root, "share/elasticsearch/bin/elasticsearch-keystore"), tool, 0o755); err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[name] = n
	return n
}

// CA is what signs the node's certificate, PEM.
func (n *ElasticsearchNode) CA() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.Certificate().Raw}))
}

// Client asks the node as the user elastic.
func (n *ElasticsearchNode) Client(t *testing.T) elasticsearch.Node {
	t.Helper()
	c, err := client.New(client.Config{
		Endpoint: n.URL, Dial: new(net.Dialer).DialContext, Trust: client.Trust{Certificates: []byte(n.CA())},
		Credentials: []client.Credentials{{Username: "elastic", Password: n.cluster.Password}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return elasticsearch.Node{Client: c}
}

// Log is what has happened since the last call: "NODE METHOD PATH" of what changes something.
func (c *ElasticsearchCluster) Log() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	changes := c.changes
	c.changes = nil
	return changes
}

// Settings are the persistent ones, by dotted name.
func (c *ElasticsearchCluster) Settings() map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.settings)
}

// Set changes a persistent setting by hand; nil takes it away.
func (c *ElasticsearchCluster) Set(name string, value any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if value == nil {
		delete(c.settings, name)
		return
	}
	c.settings[name] = value
}

// Status makes the health of the cluster another one.
func (c *ElasticsearchCluster) Status(status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

// Forget lets the cluster be gone: the next that nodes form has another UUID.
func (c *ElasticsearchCluster) Forget(uuid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.formed, c.uuid = false, uuid
}

// Voters are the names of the nodes that elect the master from now on; none: all that run.
func (c *ElasticsearchCluster) Voters(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.voters = names
}

func (n *ElasticsearchNode) runs() bool {
	return n.Host.SystemdState("elasticsearch.service", "active") == "active"
}

// running counts the nodes that run.
func (c *ElasticsearchCluster) running() int {
	count := 0
	for _, n := range c.nodes {
		if n.runs() {
			count++
		}
	}
	return count
}

// form tells whether there is a cluster: one forms when a node that is to run alone does, or most of those that are named in the file of one.
func (c *ElasticsearchCluster) form() bool {
	for _, n := range c.nodes {
		file, _ := n.Host.Read("/etc/elasticsearch/elasticsearch.yml")
		if !n.runs() || c.formed {
			continue
		}
		if strings.Contains(file, `discovery.type: "single-node"`) {
			c.formed = true
		}
		_, rest, named := strings.Cut(file, "cluster.initial_master_nodes: ")
		line, _, _ := strings.Cut(rest, "\n")
		up, all := 0, 0
		for name := range strings.SplitSeq(strings.Trim(line, `"`), ", ") {
			all++
			if other := c.nodes[name]; other != nil && other.runs() {
				up++
			}
		}
		c.formed = c.formed || named && up*2 > all
	}
	return c.formed
}

// ServeHTTP implements http.Handler.
func (n *ElasticsearchNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := n.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	if !n.runs() {
		answer(w, http.StatusServiceUnavailable, `{"error":{"type":"node_closed_exception","reason":"the node does not run"},"status":503}`)
		return
	}
	if user, password, _ := r.BasicAuth(); c.Password != "" && (user != "elastic" || password != c.Password) {
		answer(w, http.StatusUnauthorized, `{"error":{"type":"security_exception","reason":"unable to authenticate user for REST request [/]"},"status":401}`)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/flowstack-restarts") {
		c.index.ServeHTTP(w, r)
		return
	}
	if r.Method != http.MethodGet {
		c.changes = append(c.changes, n.Name+" "+r.Method+" "+r.URL.Path)
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /":
		uuid := "_na_"
		if c.form() {
			uuid = c.uuid
		}
		n.json(w, map[string]any{"name": n.Name, "cluster_name": c.Name, "cluster_uuid": uuid, "version": map[string]any{"number": "7.17.29"}})
	case "GET /_cluster/health":
		nodes, status := c.running(), c.status
		c.most = max(c.most, nodes)
		if nodes < c.most && status == "green" {
			status = "yellow" // the replicas of a node that is away are not elsewhere
		}
		n.json(w, map[string]any{"cluster_name": c.Name, "status": status, "number_of_nodes": nodes})
	case "GET /_cluster/settings":
		n.json(w, map[string]any{"persistent": c.settings, "transient": map[string]any{}})
	case "PUT /_cluster/settings":
		n.change(w, r)
	case "GET /_cluster/state/metadata,nodes":
		n.json(w, c.state())
	case "GET /_nodes/http":
		n.json(w, c.addresses())
	case "POST /_flush":
		n.json(w, map[string]any{"_shards": map[string]any{"total": 0, "successful": 0, "failed": 0}})
	default:
		answer(w, http.StatusBadRequest, `{"error":"no handler found for uri","status":400}`)
	}
}

// ids are those of the nodes that run.
func (c *ElasticsearchCluster) ids() map[string]*ElasticsearchNode {
	ids := map[string]*ElasticsearchNode{}
	for name, n := range c.nodes {
		if n.runs() {
			ids["id-of-"+name] = n
		}
	}
	return ids
}

// state is the part of the cluster's state that says who elects the master.
func (c *ElasticsearchCluster) state() map[string]any {
	nodes, config := map[string]any{}, []string{}
	for id, n := range c.ids() {
		nodes[id] = map[string]any{"name": n.Name}
		if c.voters == nil {
			config = append(config, id)
		}
	}
	for _, name := range c.voters {
		config = append(config, "id-of-"+name)
	}
	return map[string]any{"nodes": nodes, "metadata": map[string]any{"cluster_coordination": map[string]any{"last_committed_config": config}}}
}

// addresses are where the nodes' APIs are.
func (c *ElasticsearchCluster) addresses() map[string]any {
	nodes := map[string]any{}
	for id, n := range c.ids() {
		nodes[id] = map[string]any{"name": n.Name, "http": map[string]any{"publish_address": n.Listener.Addr().String()}}
	}
	return map[string]any{"nodes": nodes}
}

// change puts settings; what it did is in the log.
func (n *ElasticsearchNode) change(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Persistent map[string]any `json:"persistent"`
	}
	content, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(content, &body) != nil {
		answer(w, http.StatusBadRequest, `{"error":{"type":"parse_exception","reason":"not JSON"},"status":400}`)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(body.Persistent)) {
		if value := body.Persistent[name]; value == nil {
			delete(n.cluster.settings, name)
		} else {
			n.cluster.settings[name] = value
		}
		if name == "cluster.routing.allocation.enable" {
			n.cluster.changes[len(n.cluster.changes)-1] = fmt.Sprintf("%s allocation %v", n.Name, body.Persistent[name])
		}
	}
	n.json(w, map[string]any{"acknowledged": true})
}

func (n *ElasticsearchNode) json(w http.ResponseWriter, of map[string]any) {
	body, err := json.Marshal(of)
	if err != nil {
		answer(w, http.StatusInternalServerError, `{}`)
		return
	}
	answer(w, http.StatusOK, string(body))
}
