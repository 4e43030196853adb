package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

const keyResource = "flowstack_elasticsearch_api_key.collector"

// TestElasticsearchSecurity is the API side of Elasticsearch, on a real server with real security: passwords, the one of the very user included, roles,
// users, API keys, settings, certificates; and a collector that writes with a key.
func TestElasticsearchSecurity(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "esapi1")
	es, err := acctest.StartElasticsearch(ctx, acctest.ElasticsearchOptions{Host: h, Log: t.Logf})
	must(t, err)
	cleanup(t, es.Close)
	run(ctx, t, h, "mkdir", "-p", "/etc/elasticsearch/certs")
	put(ctx, t, h, "/etc/elasticsearch/certs/ca.crt", "0644", es.CA)
	before := list(ctx, t, h)

	bootstrap, first, kibana, writer := es.Password, "first-elastic-secret", "kibana-secret", "writer-secret"
	variables := chain.Variables(h, nil)
	delete(variables, "tune_kernel")
	variables["password"], variables["previous_password"], variables["kibana_password"], variables["writer_password"] = first, bootstrap, kibana, writer
	tofu, remove, err := chain.Workspace(ctx, repository, filepath.Join("testdata", "security"), variables)
	must(t, err)
	cleanup(t, remove)
	tofu.Log = t.Logf
	must(t, tofu.Apply(ctx))
	es.Password = first
	tofu.Set("previous_password", "") // not needed any more
	expectOnlyRun := func(what string) {
		t.Helper()
		plan, err := tofu.Plan(ctx)
		must(t, err)
		// The key of each run is another one, and so is the file with it.
		delete(plan.Changes, "flowstack_file.run")
		if len(plan.Changes)+len(plan.Warnings) > 0 {
			t.Errorf("%s: the plan is to change %v and warns %q", what, plan.Changes, plan.Warnings)
		}
	}
	expectOnlyRun("the second plan")

	must(t, es.Do(ctx, http.MethodPut, "/flows-written", nil, nil)) // a collector makes no index
	for _, c := range []struct {
		user, password, method, path, body string
		want                               int
	}{
		{"elastic", bootstrap, http.MethodGet, "/_security/_authenticate", "", http.StatusUnauthorized},
		{"elastic", first, http.MethodGet, "/_security/_authenticate", "", http.StatusOK},
		{"kibana_system", kibana, http.MethodGet, "/_security/_authenticate", "", http.StatusOK},
		{"writer", writer, http.MethodPut, "/flows-written/_create/1", `{"a":1}`, http.StatusCreated},
		{"writer", writer, http.MethodGet, "/flows-written/_search", "", http.StatusForbidden},
		{"writer", writer, http.MethodPut, "/other/_create/1", `{"a":1}`, http.StatusForbidden},
		{"writer", writer, http.MethodPut, "/flows-new/_create/1", `{"a":1}`, http.StatusForbidden},
		{"writer", writer, http.MethodDelete, "/flows-written", "", http.StatusForbidden},
		{"writer", writer, http.MethodDelete, "/_index_template/flows", "", http.StatusForbidden},
	} {
		expectStatus(ctx, t, es, "Basic "+base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.password)), c.method, c.path, c.body, c.want)
	}
	key := func() string {
		return "ApiKey " + base64.StdEncoding.EncodeToString(run(ctx, t, h, "cat", "/etc/collector.key"))
	}
	expectStatus(ctx, t, es, key(), http.MethodGet, "/_security/_authenticate", "", http.StatusOK)
	expectStatus(ctx, t, es, key(), http.MethodGet, "/flows-written/_search", "", http.StatusForbidden)
	ofRun := "ApiKey " + base64.StdEncoding.EncodeToString(run(ctx, t, h, "cat", "/etc/run.key"))
	expectStatus(ctx, t, es, ofRun, http.MethodGet, "/_security/_authenticate", "", http.StatusUnauthorized)

	exporter, witness := startExporter(ctx, t, h)
	sent := map[acctest.Pair]acctest.Sums{}
	export := func() {
		t.Helper()
		sums, err := exporter.Send(ctx, acctest.Traffic{})
		must(t, err)
		addSums(sent, sums)
		must(t, exporter.Flush(ctx))
		expectSums(ctx, t, es.ElasticsearchClient, sent)
	}
	export()

	t.Run("what the server tells", func(t *testing.T) { testOutputs(t, tofu) })
	t.Run("drift", func(t *testing.T) { testSecurityDrift(ctx, t, tofu, es, h) })
	export() // with another key

	t.Run("the password of the very user", func(t *testing.T) {
		tofu.Set("password", "second-elastic-secret")
		tofu.Set("previous_password", first)
		must(t, tofu.Apply(ctx))
		es.Password = "second-elastic-secret"
		tofu.Set("previous_password", "")
		expectOnlyRun("after the rotation")
	})
	t.Run("secrets stay secret", func(t *testing.T) {
		state, err := tofu.StateFile()
		must(t, err)
		plan, err := tofu.Plan(ctx)
		must(t, err)
		_, secret, _ := strings.Cut(string(run(ctx, t, h, "cat", "/etc/collector.key")), ":")
		for place, text := range map[string]string{
			"the state": string(state), "the plan": string(plan.Raw), "the journal": string(run(ctx, t, h, "journalctl", "--no-pager", "--quiet")),
			"a command line": string(run(ctx, t, h, "sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '")),
		} {
			for _, word := range []string{first, "second-elastic-secret", bootstrap, kibana, writer, secret} {
				if word == "" || strings.Contains(text, word) {
					t.Errorf("%q is in %s", word, place)
				}
			}
		}
	})
	must(t, exporter.Stop(ctx))
	must(t, witness.Stop(ctx))

	last := key()
	must(t, tofu.Destroy(ctx))
	expectStatus(ctx, t, es, last, http.MethodGet, "/_security/_authenticate", "", http.StatusUnauthorized)
	for _, path := range []string{"/_security/role/writer", "/_security/user/writer", "/_index_template/flows"} {
		if err := es.Do(ctx, http.MethodGet, path, nil, nil); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("after the destroy: %v", err)
		}
	}
	if got := persistent(ctx, t, es); len(got) > 0 {
		t.Errorf("after the destroy there are the settings %v", got)
	}
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy: " + difference)
	}
}

// testSecurityDrift changes things by hand: each shows in the plan under its own name, and one apply repairs them all.
func testSecurityDrift(ctx context.Context, t *testing.T, tofu *acctest.Tofu, es *acctest.Elasticsearch, h *acctest.Host) {
	role := map[string]any{"cluster": []string{"all"}, "indices": []any{map[string]any{"names": []string{"flows", "flows-*"}, "privileges": []string{"all"}}}}
	must(t, es.Do(ctx, http.MethodPut, "/_security/role/writer", role, nil))
	must(t, es.Do(ctx, http.MethodPut, "/_security/user/kibana_system/_password", map[string]string{"password": "set-by-hand"}, nil))
	must(t, es.Do(ctx, http.MethodPut, "/_security/user/writer/_disable", nil, nil))
	must(t, es.Do(ctx, http.MethodPut, "/_cluster/settings", map[string]any{"persistent": map[string]any{"search.max_buckets": 5}}, nil))
	must(t, es.Do(ctx, http.MethodDelete, "/_security/api_key", map[string]string{"name": "collector"}, nil))
	plan, err := tofu.Plan(ctx)
	must(t, err)
	for _, c := range []struct{ address, fact, from, to string }{
		{"flowstack_elasticsearch_role.writer", "cluster privileges", "all", "monitor"},
		{"flowstack_elasticsearch_role.writer", "indices flows, flows-*", "all", "create_doc, view_index_metadata"},
		{"flowstack_elasticsearch_user.writer", "enabled", "false", "true"},
		{"flowstack_elasticsearch_cluster_settings.this", "setting search.max_buckets", "5", "100000"},
		{keyResource, "key", "invalid", ""},
		{"flowstack_elasticsearch_user_password.kibana", "enabled", "true", "true"},
	} {
		change, ok := plan.Changes[c.address]
		from, _ := change.Before["effective"].(map[string]any)
		to, _ := change.After["effective"].(map[string]any)
		if !ok || !slices.Equal(change.Actions, []string{"update"}) || fmt.Sprint(from[c.fact]) != c.from || c.to != "" && fmt.Sprint(to[c.fact]) != c.to {
			t.Errorf("%s is to %v: %s goes from %v to %v", c.address, change.Actions, c.fact, from[c.fact], to[c.fact])
		}
	}
	must(t, tofu.Apply(ctx))
	for user, password := range map[string]string{"kibana_system": "kibana-secret", "writer": "writer-secret"} {
		expectStatus(ctx, t, es, "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)), http.MethodGet, "/_security/_authenticate", "", http.StatusOK)
	}
	if got := persistent(ctx, t, es); fmt.Sprint(got["search.max_buckets"]) != "100000" {
		t.Errorf("the settings are %v", got)
	}
	if mode := strings.TrimSpace(string(run(ctx, t, h, "stat", "-c", "%U:%G %a", "/etc/collector.key"))); mode != "root:root 600" {
		t.Errorf("the key's file belongs to %s", mode)
	}
}

func testOutputs(t *testing.T, tofu *acctest.Tofu) {
	state, err := tofu.StateFile()
	must(t, err)
	var shown struct {
		Outputs struct {
			Cluster struct {
				Value struct {
					Name, Version, Health, Master string
					Nodes                         []struct{ Name string }
				}
			}
			Certificates struct {
				Value struct {
					DaysLeft     int `json:"days_left"`
					Certificates []struct{ Path, Subject string }
				}
			}
		}
	}
	must(t, json.Unmarshal(state, &shown))
	c := shown.Outputs.Cluster.Value
	if c.Name != "flowstack-acctest" || c.Version != acctest.ElasticsearchVersion || c.Master != "node-1" || len(c.Nodes) != 1 || c.Nodes[0].Name != "node-1" || c.Health == "" {
		t.Errorf("the cluster is %+v", c)
	}
	certificates := shown.Outputs.Certificates.Value
	if certificates.DaysLeft < 20 || certificates.DaysLeft > 31 || len(certificates.Certificates) != 2 || certificates.Certificates[1].Subject != "CN=localhost" {
		t.Errorf("the certificates are %+v", certificates)
	}
}

func persistent(ctx context.Context, t *testing.T, es *acctest.Elasticsearch) map[string]any {
	t.Helper()
	var settings struct{ Persistent map[string]any }
	must(t, es.Do(ctx, http.MethodGet, "/_cluster/settings?flat_settings=true", nil, &settings))
	return settings.Persistent
}

// expectStatus asks with the value of a header Authorization.
func expectStatus(ctx context.Context, t *testing.T, es *acctest.Elasticsearch, authorization, method, path, body string, want int) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, es.URL+path, strings.NewReader(body))
	must(t, err)
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Content-Type", "application/json")
	response, err := es.HTTPClient().Do(request)
	must(t, err)
	must(t, response.Body.Close())
	if response.StatusCode != want {
		t.Errorf("%s %s is answered %s, not %d", method, path, response.Status, want)
	}
}
