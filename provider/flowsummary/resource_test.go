package flowsummary_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
	"github.com/flowstack/terraform-provider-flowstack/provider/flowsummary"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	name   = "summary-flowstack-test"
	source = "flowstack-test"
	start  = "/_transform/" + name
)

type object = map[string]any

// transformOf is the transform as Elasticsearch has it.
func transformOf(t *testing.T, c *providertest.Cluster) object {
	t.Helper()
	return only(c.Do(t, http.MethodGet, start, nil))
}

// only is the one transform of an answer.
func only(answer object) object {
	list, _ := answer["transforms"].([]any)
	if len(list) != 1 {
		return nil
	}
	one, _ := list[0].(object)
	return one
}

func withSource(t *testing.T, c *providertest.Cluster) {
	t.Helper()
	c.Do(t, http.MethodPut, "/"+source, object{"mappings": object{"properties": object{"@timestamp": object{"type": "date"}, "observer": object{"properties": object{"ip": object{"type": "ip"}}}}}})
	t.Cleanup(func() {
		if c.Cluster == nil {
			c.Do(t, http.MethodDelete, "/"+source, nil)
		}
	})
}

func TestFlowSummaryLife(t *testing.T) {
	for where, c := range providertest.Clusters(t, elasticfake.Options{}) {
		t.Run(where, func(t *testing.T) {
			info := c.Do(t, http.MethodGet, "/_xpack", nil)
			if features, _ := info["features"].(object); features["transform"] == nil {
				t.Skip("ELASTICSEARCH_URL names a server without transforms")
			}
			withSource(t, c)
			kept := func(age string) func() error {
				return func() error {
					transform := transformOf(t, c)
					policy, _ := transform["retention_policy"].(object)
					time, _ := policy["time"].(object)
					if time["max_age"] != age {
						return fmt.Errorf("summaries are kept as %v says", policy)
					}
					if state := only(c.Do(t, http.MethodGet, start+"/_stats", nil))["state"]; state != "started" && state != "indexing" {
						return fmt.Errorf("the transform is %v", state)
					}
					return nil
				}
			}
			body := fmt.Sprintf("name = %q\nsource = %q\ndimensions = [\"observer.ip\", \"network.transport\"]\nretention = ", name, source)
			drifts := []providertest.Drift{
				{
					Name: "a stop", Fact: "transform", From: "stopped", To: "started",
					By: func() { c.Do(t, http.MethodPost, start+"/_stop?wait_for_completion=true", nil) },
				},
				{
					Name: "the retention", Fact: "retention.max_age", From: "5d", To: "400d",
					By: func() {
						c.Do(t, http.MethodPost, start+"/_update", object{"retention_policy": object{"time": object{"field": "@timestamp", "max_age": "5d"}}})
					},
				},
				{
					Name: "what is summed up", Fact: "sum.network.packets.sum.field", From: "", To: "network.packets",
					By: func() {
						c.Do(t, http.MethodPost, start+"/_stop?wait_for_completion=true", nil)
						transform := transformOf(t, c)
						for _, added := range []string{"id", "version", "create_time", "authorization"} {
							delete(transform, added)
						}
						pivot := transform["pivot"].(object)                      //nolint:forcetypeassert // a panic would say so
						delete(pivot["aggregations"].(object), "network.packets") //nolint:forcetypeassert // as above
						c.Do(t, http.MethodDelete, start, nil)
						c.Do(t, http.MethodPut, start, transform)
					},
				},
			}
			if c.Cluster != nil {
				drifts = append(drifts, providertest.Drift{
					Name: "a failure", Fact: "transform", From: "failed: disk full", To: "started", By: func() { c.BreakTransform(name, "disk full") },
				})
			}
			providertest.Life{
				Host: providertest.StartHost(t, nil), Elasticsearch: c, Type: flowsummary.ResourceType,
				Body: body + `"400d"`, Changed: body + `"800d"` + "\ndelay = \"20m\"", Check: kept("400d"), CheckChanged: kept("800d"), Drifts: drifts,
				Vanish: func() {
					c.Do(t, http.MethodPost, start+"/_stop?wait_for_completion=true&force=true", nil)
					for _, path := range []string{start, "/_index_template/" + name, "/" + name} {
						c.Do(t, http.MethodDelete, path, nil)
					}
				},
				ImportID: name, Identity: map[string]string{"name": name},
				Left: func() error {
					for _, path := range []string{start, "/_index_template/" + name, "/" + name} {
						if found := c.Do(t, http.MethodGet, path, nil); found != nil {
							return fmt.Errorf("%s: %v", path, found)
						}
					}
					return nil
				},
			}.Run(t)
		})
	}
}

func said(texts []string) string { return strings.Join(strings.Fields(strings.Join(texts, " ")), " ") }

func expectError(t *testing.T, outcome providertest.Outcome, want string) {
	t.Helper()
	if got := said(outcome.Errors); !strings.Contains(got, want) {
		t.Errorf("it says %q, not %q", got, want)
	}
}

// TestSummariesStay: a destroy keeps summaries, and others are not mixed with them.
func TestSummariesStay(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{}), providertest.NewCLI(t)
	withSource(t, c)
	config := func(more string) string {
		return c.Provider(h) + fmt.Sprintf("resource %q \"test\" {\nname = %q\nsource = %q\n%s\n}\n", flowsummary.ResourceType, name, source, more)
	}
	cli.Write(config(""))
	if outcome := cli.Apply(); len(outcome.Errors) > 0 {
		t.Fatal(outcome.Errors)
	}
	c.Do(t, http.MethodPut, "/"+name+"/_create/1", object{"@timestamp": "2026-01-31T12:00:00Z"})
	outcome := cli.Destroy()
	if len(outcome.Errors) > 0 || len(outcome.Warnings) != 1 || !strings.Contains(said(outcome.Warnings), "There is still the index "+name+" with its summaries") {
		t.Errorf("the destroy says %q and warns %q", outcome.Errors, outcome.Warnings)
	}
	cli.Write(config(`interval = "1d"`))
	expectError(t, cli.Apply(), "There is an index "+name+" with other summaries in it (1h, "+source+": observer.ip, ")
	cli.Write(config("delete_data = true")) // the same shape: it is taken up again
	if outcome := cli.Apply(); len(outcome.Errors) > 0 {
		t.Fatal(outcome.Errors)
	}
	if outcome := cli.Destroy(); len(outcome.Errors)+len(outcome.Warnings) > 0 || c.Do(t, http.MethodGet, "/"+name, nil) != nil {
		t.Errorf("the destroy says %q and warns %q: %s", outcome.Errors, outcome.Warnings, c)
	}
}

func TestFlowSummaryMistakes(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{}), providertest.NewCLI(t)
	config := func(c *providertest.Cluster, body string) string {
		return c.Provider(h) + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", flowsummary.ResourceType, body)
	}
	for body, want := range map[string]string{
		`name = "flows-hourly"`:                   "Searches for flows in flows* would find the summaries, too",
		`interval = "1w"`:                         `"1w" is not a time`,
		`interval = "5s"`:                         "Less than a minute is no summary.",
		`dimensions = ["source.ipp"]`:             `"source.ipp" is not a field of the documents.`,
		`dimensions = ["network.bytes"]`:          "Network.bytes is there to be summed up, not to group by.",
		`dimensions = ["source.geo.location"]`:    "Flows cannot be grouped by source.geo.location, which is a geo_point.",
		`dimensions = ["source.ip", "source.ip"]`: "Source.ip is there twice.",
		"name = \"lab-hourly\"\nsource = \"lab\"": "Searches for flows in lab*",
	} {
		cli.Write(config(c, body))
		expectError(t, cli.Plan(), want)
	}
	cli.Write(config(c, ""))
	expectError(t, cli.Apply(), "Unable to create flow summary summary-flows The transform is refused: Elasticsearch answered 400 Bad Request: validation_exception: Validation Failed: 1: no such index [flows];")
	if c.Do(t, http.MethodGet, "/_index_template/summary-flows", nil) != nil {
		t.Error("of the creation that failed something is left")
	}
	c.Do(t, http.MethodPut, "/flows", object{})
	c.Do(t, http.MethodPut, "/_transform/summary-flows", object{"source": object{"index": "flows"}, "dest": object{"index": "x"}, "pivot": object{}})
	expectError(t, cli.Apply(), "There is one of this name that flowstack did not make")
	plain := providertest.StartCluster(t, elasticfake.Options{Plain: true})
	cli.Write(config(plain, ""))
	expectError(t, cli.Apply(), "This Elasticsearch has no transforms, which are in Elastic's default distribution")
}
