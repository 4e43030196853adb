package providertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// esCluster is what the fake Elasticsearch tells of itself as a cluster of one node. Its answers are those of 7.17.29.
type esCluster struct {
	persistent, transient map[string]any
	ends                  time.Time // of the certificates
	deprecations          string    // empty: a distribution without
}

func newESCluster() esCluster {
	return esCluster{persistent: map[string]any{}, transient: map[string]any{}, ends: time.Now().Add(100*24*time.Hour + time.Hour)}
}

// knownSettings are those that the fake knows, and whether each can be changed while it runs.
var knownSettings = map[string]bool{
	"search.max_buckets": true, "cluster.max_shards_per_node": true, "cluster.routing.allocation.awareness.attributes": true,
	"indices.query.bool.max_clause_count": false,
}

// ClusterSettings are the persistent settings there are.
func (e *Elasticsearch) ClusterSettings() map[string]any {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.cluster.persistent)
}

// SetClusterSetting changes a setting by hand; nil puts it back to its default.
func (e *Elasticsearch) SetClusterSetting(transient bool, name string, value any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	of := e.cluster.persistent
	if transient {
		of = e.cluster.transient
	}
	set(of, name, value)
}

func set(of map[string]any, name string, value any) {
	if value == nil {
		delete(of, name)
		return
	}
	of[name] = value
}

// SetDeprecations lets it have the deprecation API, and answer this.
func (e *Elasticsearch) SetDeprecations(answer string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cluster.deprecations = answer
}

// serve reports whether it had an answer.
func (c *esCluster) serve(w http.ResponseWriter, r *http.Request) bool {
	switch r.URL.Path {
	case "/_cluster/settings":
		c.serveSettings(w, r)
	case "/":
		answer(w, http.StatusOK, `{"name":"node-1","cluster_name":"flows","cluster_uuid":"D3KmwSXERhyBTJyhX5ZJUg","version":{"number":"7.17.29","build_flavor":"default"}}`)
	case "/_cluster/health":
		answer(w, http.StatusOK, `{"cluster_name":"flows","status":"yellow","timed_out":false,"number_of_nodes":1,"number_of_data_nodes":1,"active_primary_shards":3,"active_shards":3,`+
			`"unassigned_shards":2,"active_shards_percent_as_number":60.0}`)
	case "/_nodes/http":
		answer(w, http.StatusOK, `{"cluster_name":"flows","nodes":{"zT9c":{"name":"node-1","host":"127.0.0.1","ip":"192.0.2.10","version":"7.17.29","roles":["data","master"],`+
			`"http":{"publish_address":"192.0.2.10:9200"}}}}`)
	case "/_cluster/state/master_node":
		answer(w, http.StatusOK, `{"cluster_name":"flows","cluster_uuid":"D3KmwSXERhyBTJyhX5ZJUg","master_node":"zT9c"}`)
	case "/_ssl/certificates":
		answer(w, http.StatusOK, fmt.Sprintf(`[{"path":"server.crt","format":"PEM","alias":null,"subject_dn":"CN=localhost","serial_number":"2","has_private_key":true,"expiry":%q},`+
			`{"path":"ca.crt","format":"PEM","alias":null,"subject_dn":"CN=authority","serial_number":"1","has_private_key":false,"expiry":%q}]`,
			c.ends.UTC().Format("2006-01-02T15:04:05.000Z"), c.ends.Add(24*time.Hour).UTC().Format("2006-01-02T15:04:05.000Z")))
	case "/_migration/deprecations":
		if c.deprecations == "" {
			answer(w, http.StatusMethodNotAllowed, `{"error":"Incorrect HTTP method for uri [/_migration/deprecations] and method [GET], allowed: [POST]","status":405}`)
			return true
		}
		answer(w, http.StatusOK, c.deprecations)
	default:
		return false
	}
	return true
}

func (c *esCluster) serveSettings(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		all := map[string]any{"persistent": c.persistent, "transient": c.transient}
		if r.URL.Query().Get("include_defaults") == "true" {
			defaults := map[string]string{}
			for name := range knownSettings {
				defaults[name] = "1"
			}
			all["defaults"] = defaults
		}
		answerJSON(w, http.StatusOK, all)
		return
	}
	var given struct{ Persistent, Transient map[string]any }
	if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
		refuse(w, http.StatusBadRequest, "parse_exception", err.Error())
		return
	}
	for name := range given.Persistent {
		dynamic, known := knownSettings[name]
		switch {
		case !known:
			refuse(w, http.StatusBadRequest, "illegal_argument_exception", "persistent setting ["+name+"], not recognized")
			return
		case !dynamic:
			refuse(w, http.StatusBadRequest, "illegal_argument_exception", "persistent setting ["+name+"], not dynamically updateable")
			return
		}
	}
	for name, value := range given.Persistent {
		set(c.persistent, name, value)
	}
	for name, value := range given.Transient {
		set(c.transient, name, value)
	}
	answerJSON(w, http.StatusOK, map[string]any{"acknowledged": true, "persistent": c.persistent, "transient": c.transient})
}
