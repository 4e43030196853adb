// Package elasticfake answers as Elasticsearch 7.17 does, as far as the product asks it: indices, aliases, rollover, templates, and what the
// real server of package acctest lacks: data streams, index lifecycle management, snapshot lifecycle management, transforms.
//
// Where nothing else is said, an answer was recorded from a server 7.17.29; TestContract gives the same requests to this package and, where
// ELASTICSEARCH_URL names one, to a real server. What only the default distribution answers is from the pages of Elastic's reference for 7.17
// that the comments name, and from the texts of its own tests.
package elasticfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Version is what the server says it is.
const Version = "7.17.29"

// Options say which server it is.
type Options struct {
	// Plain has no x-pack but security and the license, as the server from Maven Central: no data streams, ILM, SLM and transforms.
	Plain bool
	// Nodes are how many there are that hold data; 0 is one. All have every role.
	Nodes int
	// PathRepo are the directories where repositories of the type fs may be: path.repo.
	PathRepo []string
	// License is the type of the license; empty is basic.
	License string
}

// Cluster is a server. It is an http.Handler that asks for no credentials.
type Cluster struct {
	options Options

	mu           sync.Mutex
	now          time.Time
	made         int // indices so far, for their uuids
	indices      map[string]*index
	streams      map[string]*stream
	components   map[string]map[string]any
	templates    map[string]map[string]any
	policies     map[string]*policy
	slm          map[string]*policy
	repositories map[string]*repository
	transforms   map[string]*transform
	settings     map[string]map[string]string // persistent, transient
	faults       []*Fault
	requests     []string
}

// New makes a server without anything on it.
func New(options Options) *Cluster {
	if options.Nodes == 0 {
		options.Nodes = 1
	}
	if options.License == "" {
		options.License = "basic"
	}
	return &Cluster{
		options: options, now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		indices: map[string]*index{}, streams: map[string]*stream{}, components: map[string]map[string]any{}, templates: map[string]map[string]any{},
		policies: map[string]*policy{}, slm: map[string]*policy{}, repositories: map[string]*repository{}, transforms: map[string]*transform{},
		settings: map[string]map[string]string{"persistent": {}, "transient": {}},
	}
}

// Requests are those since the last call: METHOD PATH.
func (c *Cluster) Requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	requests := c.requests
	c.requests = nil
	return requests
}

// call is a request.
type call struct {
	method string
	path   string
	parts  []string // of the path
	query  url.Values
	body   map[string]any // nil: there was none
}

// part is one of the path; empty: there are not so many.
func (r *call) part(i int) string {
	if i < len(r.parts) {
		return r.parts[i]
	}
	return ""
}

// flag is a parameter of the query that is true or false.
func (r *call) flag(name string, standard bool) bool {
	if !r.query.Has(name) {
		return standard
	}
	return r.query.Get(name) != "false"
}

// ServeHTTP implements http.Handler.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	c.mu.Lock()
	c.requests = append(c.requests, r.Method+" "+r.URL.Path)
	fault := c.fault(r)
	c.mu.Unlock()
	// The product check of the clients from 7.14 on wants it.
	w.Header().Set("X-elastic-product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if fault != nil && !fault.After && fault.serve(w, r) {
		return
	}
	c.mu.Lock()
	answer, failed := c.answer(r, body)
	c.mu.Unlock()
	if fault != nil && fault.After && fault.serve(w, r) {
		return
	}
	status := http.StatusOK
	if failed != nil {
		status, answer = failed.status, failed.body()
	}
	switch of := answer.(type) {
	case created:
		status, answer = http.StatusCreated, map[string]any(of)
	case notFound:
		status, answer = http.StatusNotFound, map[string]any(of)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // the client sees what is missing
	}
}

// created is an answer with the status 201.
type created map[string]any

// notFound is an answer with the status 404 that is no error.
type notFound map[string]any

func (c *Cluster) answer(r *http.Request, body []byte) (any, *failure) {
	request := &call{method: r.Method, path: r.URL.Path, parts: strings.Split(strings.Trim(r.URL.Path, "/"), "/"), query: r.URL.Query()}
	if last := request.parts[len(request.parts)-1]; last == "_bulk" {
		return c.bulk(request, body)
	}
	if len(strings.TrimSpace(string(body))) > 0 {
		if err := json.Unmarshal(body, &request.body); err != nil {
			return nil, fail(http.StatusBadRequest, "json_parse_exception", "Unrecognized token: "+err.Error())
		}
	}
	if c.options.Plain && withXPack[request.part(0)] {
		return c.without(request)
	}
	handlers := map[string]func(*call) (any, *failure){
		"": c.root, "_xpack": c.xpack, "_license": c.license, "_nodes": c.nodes, "_cluster": c.cluster, "_component_template": c.componentTemplate,
		"_index_template": c.indexTemplate, "_data_stream": c.dataStream, "_ilm": c.ilm, "_slm": c.snapshotLifecycle, "_snapshot": c.snapshot,
		"_transform": c.transform, "_aliases": c.changeAliases, "_alias": c.aliases, "_resolve": c.resolve,
	}
	if handle := handlers[request.part(0)]; handle != nil {
		return handle(request)
	}
	if strings.HasPrefix(request.part(0), "_") {
		return c.without(request)
	}
	return c.index(request)
}

// noHandler is what there is for a path that nobody listens to.
func noHandler(r *call) *failure {
	return &failure{status: http.StatusBadRequest, text: fmt.Sprintf("no handler found for uri [%s] and method [%s]", r.path, r.method)}
}

func (c *Cluster) root(*call) (any, *failure) {
	return map[string]any{
		"name": "fake-1", "cluster_name": "elasticfake", "cluster_uuid": "sQBvgtyUR4m-9_3txhwMVA", "tagline": "You Know, for Search",
		"version": map[string]any{"number": Version, "build_flavor": "default", "build_type": "deb", "lucene_version": "8.11.3"},
	}, nil
}

// xpack has a feature for each part that there is. "Info API".
func (c *Cluster) xpack(*call) (any, *failure) {
	features := map[string]any{}
	names := []string{"data_tiers", "security"}
	if !c.options.Plain {
		names = append(names, "ilm", "slm", "data_streams", "transform")
	}
	for _, name := range names {
		features[name] = map[string]any{"available": true, "enabled": true}
	}
	return map[string]any{
		"license": map[string]any{"type": c.options.License, "mode": c.options.License, "status": "active"}, "features": features, "tagline": "You know, for X",
	}, nil
}

func (c *Cluster) license(*call) (any, *failure) {
	return map[string]any{"license": map[string]any{"status": "active", "type": c.options.License}}, nil
}

func (c *Cluster) nodes(*call) (any, *failure) {
	all := map[string]any{}
	for i := range c.options.Nodes {
		all[fmt.Sprintf("node-id-%d", i+1)] = map[string]any{
			"name": fmt.Sprintf("fake-%d", i+1), "version": Version,
			"roles":      []any{"data", "data_cold", "data_content", "data_frozen", "data_hot", "data_warm", "ingest", "master", "remote_cluster_client"},
			"attributes": map[string]any{"xpack.installed": "true"},
		}
	}
	return map[string]any{"nodes": all}, nil
}

func (c *Cluster) cluster(r *call) (any, *failure) {
	switch {
	case r.part(1) == "health":
		return map[string]any{
			"cluster_name": "elasticfake", "status": "green", "timed_out": false, "number_of_nodes": c.options.Nodes, "number_of_data_nodes": c.options.Nodes,
			"active_shards_percent_as_number": 100.0,
		}, nil
	case r.part(1) == "settings" && r.method == http.MethodGet:
		return c.clusterSettings(r), nil
	case r.part(1) == "settings" && r.method == http.MethodPut:
		return c.putClusterSettings(r)
	}
	return nil, noHandler(r)
}
