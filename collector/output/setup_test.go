package output

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// cluster is an Elasticsearch with templates and indices, in front of which a fakeServer takes documents.
type cluster struct {
	mu        sync.Mutex
	plain     bool              // without x-pack: no data streams
	old       bool              // before 7.8: no composable templates
	refuses   string            // prefix of paths that the user may not use
	status    int               // with which
	templates map[string]string // path → body
	targets   map[string]string // path → body
	puts      []string
}

func newCluster() *cluster {
	return &cluster{templates: map[string]string{}, targets: map[string]string{}, status: http.StatusForbidden}
}

// template puts our index template for a target, changed.
func (c *cluster) template(t *testing.T, target string, change func(body map[string]any)) {
	t.Helper()
	set := schema.Flows.Templates("flows", target)
	body := maps.Clone(set[len(set)-1].Body)
	change(body)
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	c.templates["/_index_template/flows"] = string(text)
}

func asItIs(map[string]any) {}

func version(v float64) func(map[string]any) {
	return func(b map[string]any) { b["_meta"] = map[string]any{"managed_by": "flowstack", "schema_version": v} }
}

func (c *cluster) answer(w http.ResponseWriter, r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	path := r.URL.Path
	body, _ := io.ReadAll(r.Body)
	if len(body) == 0 {
		body = []byte("{}")
	}
	kind, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	template := kind == "_index_template" || kind == "_component_template"
	switch {
	case c.refuses != "" && strings.HasPrefix(path, c.refuses):
		return answer(w, c.status, "security_exception", "action [indices:admin] is unauthorized for user [writer]")
	case c.old && template, c.plain && kind == "_data_stream" && r.Method == http.MethodPut:
		w.WriteHeader(http.StatusMethodNotAllowed)
		_, _ = fmt.Fprintf(w, `{"error":"Incorrect HTTP method for uri [%s] and method [%s], allowed: [POST]","status":405}`, path, r.Method)
	case strings.HasPrefix(path, "/_index_template/_simulate_index/"):
		if c.matches("flows") {
			_, _ = io.WriteString(w, `{"template":{"mappings":{"properties":{"source":{"properties":{"ip":{"type":"ip"}}}}}}}`)
		} else {
			_, _ = io.WriteString(w, `{}`)
		}
	case r.Method == http.MethodPut:
		c.puts = append(c.puts, path)
		switch {
		case template && c.plain && strings.Contains(string(body), `"data_stream":{}`):
			return answer(w, 400, "illegal_argument_exception", "composable template [flows] template after composition is invalid")
		case template:
			c.templates[path] = string(body)
		default:
			if _, there := c.targets[path]; there {
				return answer(w, 400, "resource_already_exists_exception", "index ["+path+"] already exists")
			}
			c.targets[path] = string(body)
		}
		_, _ = io.WriteString(w, `{"acknowledged":true}`)
	case template:
		t, there := c.templates[path]
		if !there {
			return answer(w, 404, "resource_not_found_exception", "index template matching ["+name+"] not found")
		}
		field := strings.TrimPrefix(kind, "_")
		_, _ = fmt.Fprintf(w, `{%q:[{"name":%q,%q:%s}]}`, field+"s", name, field, t)
	case kind == "_data_stream" && c.plain:
		return answer(w, 400, "invalid_index_name_exception", "Invalid index name [_data_stream], must not start with '_'.")
	case kind == "_data_stream":
		return answer(w, 404, "index_not_found_exception", "no such index ["+name+"]")
	case path == "/flows", path == "/flows/_mapping":
		mapping := `"mappings":{"properties":{"source":{"properties":{"ip":{"type":"ip"}}}}}`
		if len(c.templates) == 0 {
			mapping = `"mappings":{}`
		}
		switch {
		case c.targets["/flows"] != "":
			_, _ = fmt.Fprintf(w, `{"flows":{"settings":{"index":{"uuid":"x"}},%s}}`, mapping)
		case c.targets["/flows-000001"] != "":
			_, _ = fmt.Fprintf(w, `{"flows-000001":{"settings":{"index":{"uuid":"x"}},%s}}`, mapping)
		case c.targets["/_data_stream/flows"] != "":
			_, _ = fmt.Fprintf(w, `{".ds-flows-2026.01.01-000001":{"data_stream":"flows",%s}}`, mapping)
		default:
			return answer(w, 404, "index_not_found_exception", "no such index [flows]")
		}
	default:
		return false
	}
	return true
}

// matches says whether an index of the name would get an index template.
func (c *cluster) matches(name string) bool {
	for path, body := range c.templates {
		var t known
		if strings.HasPrefix(path, "/_index_template/") && json.Unmarshal([]byte(body), &t) == nil && slices.Contains(t.IndexPatterns, name) {
			return true
		}
	}
	return false
}

// does changes the cluster while it is in use.
func (c *cluster) does(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

func TestSetup(t *testing.T) {
	const (
		components = "component template flows-settings: created; component template flows-mappings: created; "
		fresh      = components + "index template flows: created; "
		updated    = components + "index template flows: updated, for indices that are made from now on; "
		alias      = "alias flows of index flows-000001: created"
	)
	for name, tt := range map[string]struct {
		target  string
		dry     bool
		prepare func(t *testing.T, c *cluster)
		settled string
		steps   string
		fails   string
	}{
		"fresh": {target: TargetAuto, settled: schema.TargetDataStream, steps: fresh + "data stream flows: created"},
		"fresh, without x-pack": {
			target: TargetAuto, settled: schema.TargetAlias, steps: fresh + alias, prepare: func(_ *testing.T, c *cluster) { c.plain = true },
		},
		"alias": {target: schema.TargetAlias, settled: schema.TargetAlias, steps: fresh + alias},
		"index": {target: schema.TargetIndex, settled: schema.TargetIndex, steps: fresh + "index flows: created"},
		"only looked": {
			target: TargetAuto, dry: true, settled: schema.TargetDataStream,
			steps: strings.ReplaceAll(fresh, "created", "would be created") + "data stream flows: would be created",
		},
		"auto takes what is there": {
			target: TargetAuto, settled: schema.TargetAlias, steps: fresh + "alias flows: is there",
			prepare: func(_ *testing.T, c *cluster) { c.targets["/flows-000001"] = "x" },
		},
		"auto takes what the template is for": {
			target: TargetAuto, settled: schema.TargetIndex, steps: components + "index template flows: is there; index flows: created",
			prepare: func(t *testing.T, c *cluster) { c.template(t, schema.TargetIndex, asItIs) },
		},
		"something else is there": {
			target: schema.TargetDataStream, fails: "flows is there as an index, not as a data stream: remove it, or change output.elasticsearch.target",
			prepare: func(_ *testing.T, c *cluster) { c.targets["/flows"] = "x" },
		},
		"older template": {
			target: TargetAuto, settled: schema.TargetDataStream, steps: updated + "data stream flows: created",
			prepare: func(t *testing.T, c *cluster) { c.template(t, schema.TargetDataStream, version(0)) },
		},
		"newer template": {
			target: TargetAuto, settled: schema.TargetDataStream,
			steps:   components + fmt.Sprintf("index template flows: left as it is, because its version 9999 is newer than %d; data stream flows: created", schema.Version),
			prepare: func(t *testing.T, c *cluster) { c.template(t, schema.TargetDataStream, version(9999)) },
		},
		"template for another target": {
			target: schema.TargetAlias, settled: schema.TargetAlias, steps: updated + alias,
			prepare: func(t *testing.T, c *cluster) { c.template(t, schema.TargetDataStream, asItIs) },
		},
		"Terraform's template, though it is older": {
			target: TargetAuto, settled: schema.TargetDataStream, steps: components + "index template flows: left to Terraform; data stream flows: created",
			prepare: func(t *testing.T, c *cluster) {
				c.template(t, schema.TargetDataStream, func(b map[string]any) {
					b["_meta"] = map[string]any{"managed_by": schema.ManagedByTerraform, "schema_version": 0}
				})
			},
		},
		"auto takes what Terraform's template is for": {
			target: TargetAuto, settled: schema.TargetAlias, steps: components + "index template flows: left to Terraform; " + alias,
			prepare: func(t *testing.T, c *cluster) {
				c.template(t, schema.TargetAlias, func(b map[string]any) { b["_meta"] = map[string]any{"managed_by": schema.ManagedByTerraform} })
			},
		},
		"somebody's template": {
			target: TargetAuto, settled: schema.TargetDataStream,
			steps: components + "index template flows: left as it is, because it is not one of this program; data stream flows: created",
			prepare: func(t *testing.T, c *cluster) {
				c.template(t, schema.TargetDataStream, func(b map[string]any) { delete(b, "_meta") })
			},
		},
		"data stream, without x-pack": {
			target: schema.TargetDataStream, prepare: func(_ *testing.T, c *cluster) { c.plain = true },
			fails: "unable to create index template flows: 400 Bad Request: illegal_argument_exception: composable template [flows] template after composition is invalid",
		},
		"no rights": {
			target: schema.TargetIndex, prepare: func(_ *testing.T, c *cluster) { c.refuses = "/_component" },
			fails: "unable to look for component template flows-settings: 403 Forbidden: security_exception: action [indices:admin] is unauthorized for user [writer]; " +
				"it takes the privilege manage_index_templates on the cluster, and on flows view_index_metadata and create_index, for an alias manage",
		},
		"wrong password": {
			target: TargetAuto, prepare: func(_ *testing.T, c *cluster) { c.refuses, c.status = "/", http.StatusUnauthorized },
			fails: `Elasticsearch refuses user "writer" (401): check output.elasticsearch.username and the password`,
		},
		"old server": {
			target: TargetAuto, prepare: func(_ *testing.T, c *cluster) { c.old = true },
			fails: "unable to look for index template flows: the server has no templates of this kind: Elasticsearch 7.17 or 8 is needed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, c := newFakeServer(t), newCluster()
			f.other = c.answer
			if tt.prepare != nil {
				tt.prepare(t, c)
			}
			client, err := NewClient(Connection{Addresses: []string{f.URL}, Secrets: writer, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			s := SetupConfig{Index: "flows", Target: tt.target, DryRun: tt.dry}
			var steps []string
			settled, err := client.Setup(t.Context(), s, func(step Step) { steps = append(steps, step.String()) })
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || settled != tt.settled || strings.Join(steps, "; ") != tt.steps || tt.dry && len(c.puts) > 0 {
				t.Errorf("settled on %s, %v, puts %v\n%s", settled, err, c.puts, strings.Join(steps, "; "))
			}
			if tt.dry {
				return
			}
			// Again: nothing is changed.
			c.puts, steps = nil, nil
			if again, err := client.Setup(t.Context(), s, func(step Step) { steps = append(steps, step.String()) }); err != nil || again != settled || c.puts != nil {
				t.Errorf("again: %s, %v, puts %v, %v", again, err, c.puts, steps)
			}
		})
	}
}

func TestSetupOfNothing(t *testing.T) {
	f := newFakeServer(t)
	f.Close()
	client, err := NewClient(Connection{Addresses: []string{f.URL}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Setup(t.Context(), SetupConfig{Index: "flows", Target: TargetAuto}, nil); err == nil ||
		err.Error() != "unable to look for flows: Elasticsearch away: connection refused" {
		t.Errorf("error %v", err)
	}
}
