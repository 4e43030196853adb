package flowindex_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
	"github.com/flowstack/terraform-provider-flowstack/provider/flowindex"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	name    = "flowstack-test"
	address = flowindex.ResourceType + ".test"
)

type object = map[string]any

// in follows keys through an answer.
func in(answer any, keys ...any) any {
	for _, key := range keys {
		switch key := key.(type) {
		case string:
			tree, _ := answer.(object)
			answer = tree[key]
		case int:
			list, _ := answer.([]any)
			if key >= len(list) {
				return nil
			}
			answer = list[key]
		}
	}
	return answer
}

// put changes something of what Elasticsearch has, and puts it back.
func put(t *testing.T, c *providertest.Cluster, path string, change func(body object), keys ...any) {
	t.Helper()
	body, ok := in(c.Do(t, http.MethodGet, path, nil), keys...).(object)
	if !ok {
		t.Fatalf("there is no %s", path)
	}
	change(body)
	c.Do(t, http.MethodPut, path, body)
}

func putComponent(t *testing.T, c *providertest.Cluster, part string, change func(inner object)) {
	t.Helper()
	put(t, c, "/_component_template/"+name+"-"+part, func(body object) { change(in(body, "template", part).(object)) }, //nolint:forcetypeassert // a panic would say so
		"component_templates", 0, "component_template")
}

// parts are the paths of what a flow index consists of besides the data stream, in the order in which they can be deleted.
func parts(name string) []string {
	return []string{"/_index_template/" + name, "/_component_template/" + name + "-settings", "/_component_template/" + name + "-mappings", "/_ilm/policy/" + name}
}

// nothingOf looks for anything of a name.
func nothingOf(t *testing.T, c *providertest.Cluster, name string) error {
	t.Helper()
	for _, path := range append(parts(name), "/"+name) {
		if found := c.Do(t, http.MethodGet, path, nil); found != nil {
			return fmt.Errorf("%s: %v", path, found)
		}
	}
	return nil
}

// writeIndex is the index of the data stream that is written to.
func writeIndex(t *testing.T, c *providertest.Cluster) string {
	t.Helper()
	indices, _ := in(c.Do(t, http.MethodGet, "/_data_stream/"+name, nil), "data_streams", 0, "indices").([]any)
	if len(indices) == 0 {
		t.Fatal("there is no data stream")
	}
	return in(indices[len(indices)-1], "index_name").(string) //nolint:forcetypeassert // a panic would say so
}

func TestFlowIndexLife(t *testing.T) {
	for where, c := range providertest.Clusters(t, elasticfake.Options{}) {
		t.Run(where, func(t *testing.T) {
			if plain(t, c) {
				t.Skip("ELASTICSEARCH_URL names a server without data streams; the end-to-end tests have such a one")
			}
			kept := func(retention, refresh string) func() error {
				return func() error {
					if got := in(c.Do(t, http.MethodGet, "/_ilm/policy/"+name, nil), name, "policy", "phases", "delete", "min_age"); got != retention {
						return fmt.Errorf("flows are deleted after %v", got)
					}
					index := writeIndex(t, c)
					settings := in(c.Do(t, http.MethodGet, "/"+index+"/_settings?flat_settings=true", nil), index, "settings")
					if got := in(settings, "index.refresh_interval"); got != refresh || in(settings, "index.lifecycle.name") != name {
						return fmt.Errorf("the index has %v", settings)
					}
					if got := in(c.Do(t, http.MethodGet, "/"+index+"/_mapping", nil), index, "mappings", "properties", "source", "properties", "ip", "type"); got != "ip" {
						return fmt.Errorf("addresses are mapped as %v", got)
					}
					return nil
				}
			}
			providertest.Life{
				Host: providertest.StartHost(t, nil), Elasticsearch: c, Type: flowindex.ResourceType,
				Body: fmt.Sprintf("name = %q\nretention = \"30d\"\nwarm = { after = \"3d\", replicas = 0 }\nsettings = { \"index.refresh_interval\" = \"30s\" }", name),
				Changed: fmt.Sprintf("name = %q\nretention = \"60d\"\nrollover = { max_size = \"20gb\" }\nshards = 2\nreplicas = 1\n"+
					"cold = { after = \"9d\", node_attributes = { box = \"slow\" } }", name),
				Check: kept("30d", "30s"), CheckChanged: kept("60d", "10s"),
				Drifts: []providertest.Drift{
					{
						Name: "a setting of the template", Fact: "setting index.codec", From: "default", To: "best_compression",
						By: func() {
							putComponent(t, c, "settings", func(s object) { in(s, "index").(object)["codec"] = "default" })
						}, //nolint:forcetypeassert // as above
					},
					{
						Name: "a field of the template", Fact: "field extra", From: "long", To: "",
						By: func() {
							putComponent(t, c, "mappings", func(m object) { in(m, "properties").(object)["extra"] = object{"type": "long"} }) //nolint:forcetypeassert // as above
						},
					},
					{
						Name: "the priority", Fact: "priority", From: "1000", To: "214",
						By: func() {
							put(t, c, "/_index_template/"+name, func(b object) { b["priority"] = 1000 }, "index_templates", 0, "index_template")
						},
					},
					{
						Name: "the retention", Fact: "lifecycle delete: after", From: "5d", To: "30d",
						By: func() {
							put(t, c, "/_ilm/policy/"+name, func(b object) {
								delete(b, "version")
								delete(b, "modified_date")
								delete(b, "in_use_by")
								in(b, "policy", "phases", "delete").(object)["min_age"] = "5d" //nolint:forcetypeassert // as above
							}, name)
						},
					},
					{
						Name: "a setting of the index", Fact: "indices: settings", From: "old: index.lifecycle.name, index.refresh_interval", To: "as in the template",
						By: func() {
							c.Do(t, http.MethodPut, "/"+writeIndex(t, c)+"/_settings", object{"index.refresh_interval": "1s", "index.lifecycle.name": nil})
						},
					},
					{
						Name: "an index of before", Fact: "write index: mappings", From: "old: destination.ip", To: "as in the template",
						By: func() {
							var was any
							putComponent(t, c, "mappings", func(m object) {
								fields := in(m, "properties", "destination", "properties").(object) //nolint:forcetypeassert // as above
								was = fields["ip"]
								delete(fields, "ip")
							})
							c.Do(t, http.MethodPost, "/"+name+"/_rollover", nil)
							putComponent(t, c, "mappings", func(m object) {
								in(m, "properties", "destination", "properties").(object)["ip"] = was //nolint:forcetypeassert // as above
							})
						},
					},
				},
				Vanish: func() {
					c.Do(t, http.MethodDelete, "/_data_stream/"+name, nil)
					for _, path := range parts(name) {
						c.Do(t, http.MethodDelete, path, nil)
					}
				},
				ImportID: name, Identity: map[string]string{"name": name},
				Left: func() error { return nothingOf(t, c, name) },
			}.Run(t)
		})
	}
}

// plain tells a server without data streams.
func plain(t *testing.T, c *providertest.Cluster) bool {
	t.Helper()
	return in(c.Do(t, http.MethodGet, "/_xpack", nil), "features", "data_streams", "available") != true
}

// config is a configuration with a flow index.
func config(h *providertest.Host, c *providertest.Cluster, body string) string {
	return c.Provider(h) + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", flowindex.ResourceType, body)
}

// expectError runs a command that has to fail, and looks for a text without regard to line breaks.
func expectError(t *testing.T, said providertest.Outcome, want string) {
	t.Helper()
	if got := strings.Join(strings.Fields(strings.Join(said.Errors, " ")), " "); !strings.Contains(got, want) {
		t.Errorf("it says %q, not %q", got, want)
	}
}

func expectFine(t *testing.T, said providertest.Outcome) {
	t.Helper()
	if len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatalf("it says %q, and warns %q", said.Errors, said.Warnings)
	}
}
