package flowindex_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// changes are the requests that changed something.
func changes(c *providertest.Cluster) []string {
	var all []string
	for _, request := range c.Requests() {
		if !strings.HasPrefix(request, "GET ") {
			all = append(all, request)
		}
	}
	return all
}

// TestNothingIsPutTwice: a creation puts each part once, and what is as wanted is not put at all.
func TestNothingIsPutTwice(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{}), providertest.NewCLI(t)
	cli.Write(config(h, c, `retention = "30d"`))
	expectFine(t, cli.Apply())
	want := "PUT /_ilm/policy/flows, PUT /_component_template/flows-settings, PUT /_component_template/flows-mappings, PUT /_index_template/flows, PUT /_data_stream/flows"
	if got := strings.Join(changes(c), ", "); got != want {
		t.Errorf("the creation: %s", got)
	}
	expectFine(t, cli.Apply())
	if got := changes(c); got != nil {
		t.Errorf("the second apply: %s", got)
	}
	cli.Write(config(h, c, `retention = "60d"`)) // the age of an index changes with it: one policy, nothing else
	expectFine(t, cli.Apply())
	if got := strings.Join(changes(c), ", "); got != "PUT /_ilm/policy/flows" {
		t.Errorf("another retention: %s", got)
	}
	cli.Write(config(h, c, "retention = \"60d\"\nshards = 2"))
	expectFine(t, cli.Apply())
	if got := strings.Join(changes(c), ", "); got != "PUT /_component_template/flows-settings, POST /flows/_rollover" {
		t.Errorf("more shards: %s", got)
	}
	cli.Write(config(h, c, "retention = \"60d\"\nshards = 2\nsettings = { \"index.refresh_interval\" = \"30s\" }"))
	expectFine(t, cli.Apply())
	if got := changes(c); len(got) != 2 || !strings.HasSuffix(got[1], "/_settings") {
		t.Errorf("a setting that can change in place: %s", got)
	}
}

// TestRetention: flows are deleted when they are as old as said, and not before.
func TestRetention(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{}), providertest.NewCLI(t)
	cli.Write(config(h, c, `retention = "30d"`))
	expectFine(t, cli.Apply())
	c.Do(t, http.MethodPut, "/flows/_create/old", object{"@timestamp": "2026-01-31T12:00:00Z"})
	old := func() bool {
		answer := c.Do(t, http.MethodGet, "/flows/_count", nil)
		return in(answer, "count") == 1.0
	}
	for days := 1; days <= 30; days++ {
		c.Elapse(24 * time.Hour)
		if !old() {
			t.Fatalf("deleted after %d days", days)
		}
	}
	c.Elapse(48 * time.Hour)
	if old() {
		t.Error("still there after 32 days")
	}
	expectFine(t, cli.Plan())
}

// TestOtherModes: what stands behind the name is as asked, or as it was.
func TestOtherModes(t *testing.T) {
	for mode, c := range map[string]struct {
		options          elasticfake.Options
		body, path, want string
	}{
		"alias, as there are no data streams": {elasticfake.Options{Plain: true}, "", "/flows-000001", "alias"},
		"alias, as asked":                     {elasticfake.Options{}, "mode = \"alias\"\nretention = \"30d\"", "/flows-000001", "alias"},
		"index, as asked":                     {elasticfake.Options{}, `mode = "index"`, "/flows", "index"},
		"index, on a plain server":            {elasticfake.Options{Plain: true}, `mode = "index"`, "/flows", "index"},
	} {
		t.Run(mode, func(t *testing.T) {
			h, e, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, c.options), providertest.NewCLI(t)
			cli.Write(config(h, e, c.body) + "output \"target\" {\n  value = flowstack_flow_index.test.target\n}\n")
			expectFine(t, cli.Apply())
			if e.Do(t, http.MethodGet, c.path, nil) == nil {
				t.Errorf("there is no %s: %s", c.path, e)
			}
			plan, said := cli.Show()
			expectFine(t, said)
			if said.Changes != 0 || plan.PlannedValues.Outputs["target"].Value != c.want {
				t.Errorf("%d changes, target %v", said.Changes, plan.PlannedValues.Outputs["target"])
			}
			if c.want == "alias" && strings.Contains(c.body, "retention") {
				settings := in(e.Do(t, http.MethodGet, c.path+"/_settings?flat_settings=true", nil), "flows-000001", "settings")
				if in(settings, "index.lifecycle.rollover_alias") != "flows" || in(settings, "index.lifecycle.name") != "flows" {
					t.Errorf("settings %v", settings)
				}
				e.Elapse(25 * time.Hour)
				if e.Do(t, http.MethodGet, "/flows-000002", nil) == nil {
					t.Errorf("it was not rolled over: %s", e)
				}
				cli.Write(config(h, e, `mode = "alias"`)) // without a lifecycle from now on
				expectFine(t, cli.Apply())
				if e.Do(t, http.MethodGet, "/_ilm/policy/flows", nil) != nil {
					t.Error("the policy is still there")
				}
				expectFine(t, cli.Plan())
			}
			expectFine(t, cli.Destroy())
			if err := nothingOf(t, e, "flows"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestHealth: an index for documents about collectors has their fields, is found as such by an import, and is not turned into one for flows.
func TestHealth(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{}), providertest.NewCLI(t)
	body := "name = \"health-flows\"\ndocuments = \"health\"\nretention = \"90d\""
	cli.Write(config(h, c, body))
	expectFine(t, cli.Apply())
	made := c.Do(t, http.MethodGet, "/_component_template/health-flows-mappings", nil)
	properties := in(made, "component_templates", 0, "component_template", "template", "mappings", "properties")
	if in(properties, "collector", "properties", "lost", "type") != "long" || in(properties, "source") != nil {
		t.Errorf("the fields are %v", properties)
	}
	cli.Forget("flowstack_flow_index.test")
	cli.Write(config(h, c, `name = "health-flows"`))
	if said := cli.Apply(); !strings.Contains(strings.Join(said.Errors, " "), "is for documents of health: choose another name") {
		t.Errorf("an index for flows in the place of one for health: %q", said.Errors)
	}
	cli.Forget("flowstack_flow_index.test") // the creation that failed
	cli.Write(config(h, c, body))
	cli.Import("flowstack_flow_index.test", "health-flows")
	if said := cli.Plan(); said.Changes != 0 {
		t.Errorf("after an import %d changes are planned: %s", said.Changes, said.Errors)
	}
	cli.Write(config(h, c, strings.Replace(body, "health\"\nr", "flows\"\nr", 1)))
	plan, said := cli.Show()
	expectFine(t, said)
	if got := plan.ResourceChanges[0].Change.Actions; !got.Replace() {
		t.Errorf("other documents are a change of %v", got)
	}
	expectFine(t, cli.Destroy())
	if err := nothingOf(t, c, "health-flows"); err != nil {
		t.Error(err)
	}
}

// TestSingleIndex: fields are added to a single index in place; those of another type are an error that says what to do.
func TestSingleIndex(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{Plain: true}), providertest.NewCLI(t)
	c.Do(t, http.MethodPut, "/flows", object{"mappings": object{"dynamic": "false", "properties": object{"@timestamp": object{"type": "date"}}}})
	cli.Write(config(h, c, ""))
	expectFine(t, cli.Apply())
	if got := in(c.Do(t, http.MethodGet, "/flows/_mapping", nil), "flows", "mappings", "properties", "source", "properties", "ip", "type"); got != "ip" {
		t.Errorf("addresses are mapped as %v", got)
	}
	if said := cli.Plan(); said.Changes != 0 {
		t.Errorf("the second plan has %d changes", said.Changes)
	}
	expectFine(t, cli.Destroy())
	c.Do(t, http.MethodPut, "/flows", object{"mappings": object{"properties": object{"source": object{"properties": object{"ip": object{"type": "text"}}}}}})
	expectError(t, cli.Apply(), "Unable to create flow index flows There is a single index of this name, whose fields cannot become of another type")
}

func TestConflicts(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{}), providertest.NewCLI(t)
	foreign := object{"index_patterns": []any{"flow*"}, "priority": 500}
	c.Do(t, http.MethodPut, "/_index_template/netflow", foreign)
	cli.Write(config(h, c, ""))
	const higher = "Index template netflow is for flow*, and its priority 500 is higher than 205, so that indices of flows would be made by it: remove it, or set priority to more than 500."
	expectError(t, cli.Plan(), "Unable to plan flow index flows "+higher)
	foreign["priority"] = 205
	c.Do(t, http.MethodPut, "/_index_template/netflow", foreign)
	expectError(t, cli.Plan(), "index template netflow is for flow*, with the same priority 205: remove it, or give one of them another priority."[1:])
	if got := changes(c); len(got) != 2 { // those of the test
		t.Errorf("a plan changed something: %s", got)
	}
	cli.Write(config(h, c, "priority = 501"))
	expectFine(t, cli.Apply())
	expectFine(t, cli.Plan())
	// It comes later.
	foreign["priority"] = 600
	c.Do(t, http.MethodPut, "/_index_template/netflow", foreign)
	expectError(t, cli.Plan(), "Unable to plan flow index flows Index template netflow is for flow*, and its priority 600 is higher than 501")
	foreign["priority"] = 1 // the data stream would have no other template
	c.Do(t, http.MethodPut, "/_index_template/netflow", foreign)
	c.Do(t, http.MethodDelete, "/_index_template/netflow", nil)
	expectFine(t, cli.Destroy())
	// One of the same name.
	c.Do(t, http.MethodPut, "/_index_template/flows", object{"index_patterns": []any{"flows"}})
	cli.Write(config(h, c, ""))
	expectError(t, cli.Apply(), "Unable to create flow index flows There is one of this name that flowstack did not make: import it")
	c.Do(t, http.MethodDelete, "/_index_template/flows", nil)
	c.Do(t, http.MethodPut, "/_component_template/flows-settings", object{"template": object{}})
	expectError(t, cli.Apply(), "There is a component template flows-settings that flowstack did not make: remove it, or choose another name")
	if got := c.Do(t, http.MethodGet, "/_component_template/flows-settings", nil); got == nil {
		t.Error("somebody else's component template is gone")
	}
}

// TestAdoptsWhatTheCollectorSetUp: flows that are there stay where they are, and live by the policy from then on.
func TestAdoptsWhatTheCollectorSetUp(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{}), providertest.NewCLI(t)
	for _, one := range schema.Flows.Templates("flows", schema.TargetDataStream) {
		c.Do(t, http.MethodPut, one.Path, one.Body)
	}
	c.Do(t, http.MethodPut, "/_data_stream/flows", nil)
	c.Do(t, http.MethodPut, "/flows/_create/1", object{"@timestamp": "2026-01-31T12:00:00Z"})
	cli.Write(config(h, c, `retention = "30d"`))
	expectFine(t, cli.Apply())
	stream := in(c.Do(t, http.MethodGet, "/_data_stream/flows", nil), "data_streams", 0)
	if in(stream, "generation") != 1.0 || in(stream, "ilm_policy") != "flows" {
		t.Errorf("the data stream: %v", stream)
	}
	if got := in(c.Do(t, http.MethodGet, "/flows/_count", nil), "count"); got != 1.0 {
		t.Errorf("%v flows", got)
	}
	c.Elapse(33 * 24 * time.Hour)
	if got := in(c.Do(t, http.MethodGet, "/flows/_count", nil), "count"); got != 0.0 {
		t.Errorf("%v flows after the retention", got)
	}
}

// TestFlowsStay: a destroy deletes no flows, and says what stays; with delete_data all goes.
func TestFlowsStay(t *testing.T) {
	for mode, left := range map[string]string{
		"data_stream": "There are still the data stream flows with its flows, and its templates, without which it could not be, and its lifecycle policy, which goes on to delete old ones.",
		"alias":       "There are still the alias flows with its flows, and its lifecycle policy, which goes on to delete old ones.",
	} {
		t.Run(mode, func(t *testing.T) {
			h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{}), providertest.NewCLI(t)
			body := fmt.Sprintf("mode = %q\nretention = \"30d\"\n", mode)
			cli.Write(config(h, c, body))
			expectFine(t, cli.Apply())
			c.Do(t, http.MethodPut, "/flows/_create/1", object{"@timestamp": "2026-01-31T12:00:00Z"})
			said := cli.Destroy()
			if len(said.Errors) > 0 || len(said.Warnings) != 1 || !strings.Contains(strings.Join(strings.Fields(said.Warnings[0]), " "), left) {
				t.Errorf("the destroy says %q and warns %q", said.Errors, said.Warnings)
			}
			if got := in(c.Do(t, http.MethodGet, "/flows/_count", nil), "count"); got != 1.0 {
				t.Errorf("%v flows", got)
			}
			expectFine(t, cli.Apply()) // it is taken up again
			cli.Write(config(h, c, body+"delete_data = true"))
			expectFine(t, cli.Apply())
			expectFine(t, cli.Destroy())
			if err := nothingOf(t, c, "flows"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestIndicesOfOthersStay: what somebody else put under the alias is not deleted with the flows.
func TestIndicesOfOthersStay(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{}), providertest.NewCLI(t)
	cli.Write(config(h, c, "mode = \"alias\"\ndelete_data = true"))
	expectFine(t, cli.Apply())
	c.Do(t, http.MethodPut, "/elsewhere", object{"aliases": object{"flows": object{}}})
	said := cli.Destroy()
	if len(said.Errors) > 0 || len(said.Warnings) != 1 || !strings.Contains(said.Warnings[0], "alias flows") {
		t.Errorf("the destroy says %q and warns %q", said.Errors, said.Warnings)
	}
	got := c.Do(t, http.MethodGet, "/flows/_alias", nil)
	if _, stays := got["elsewhere"]; !stays || len(got) != 1 {
		t.Errorf("there is %v", got)
	}
}

func TestFlowIndexMistakes(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{Plain: true}), providertest.NewCLI(t)
	for body, want := range map[string]string{
		`name = "Flows*"`:                               "Unable to use the name of the flow index",
		`retention = "1w"`:                              `"1w" is not a time such as 30d, 12h, 90m or 30s.`,
		`retention = "30d"`:                             "This Elasticsearch has no index lifecycle management",
		`documents = "health"`:                          "Documents of health need an index of their own",
		`mode = "datastream"`:                           "Invalid Attribute Value Match",
		`mode = "data_stream"`:                          `This Elasticsearch has no data streams, which are in Elastic's default distribution: set mode to "alias".`,
		"mode = \"index\"\nretention = \"30d\"":         "A single index is not rolled over",
		`settings = { "index.number_of_shards" = "2" }`: "For index.number_of_shards there is shards.",
		`settings = { "refresh_interval" = "2s" }`:      `"refresh_interval" is not the name of a setting of an index`,
		"retention = \"7d\"\nwarm = { after = \"9d\" }": "Retention has to come later than warm",
	} {
		cli.Write(config(h, c, body))
		expectError(t, cli.Plan(), want)
	}
	cli.Write(h.Provider() + "resource \"flowstack_flow_index\" \"test\" {}")
	expectError(t, cli.Plan(), "add elasticsearch = {")
	// What the server refuses is an error of the apply, and nothing of the creation is left.
	cli.Write(config(h, c, `settings = { "index.nope" = "2" }`))
	expectError(t, cli.Apply(), "Unable to create flow index flows The component template flows-settings is refused: Elasticsearch answered 400 Bad Request: illegal_argument_exception: unknown setting [index.nope]")
	if err := nothingOf(t, c, "flows"); err != nil {
		t.Error(err)
	}
	rich := providertest.StartCluster(t, elasticfake.Options{})
	rich.Do(t, http.MethodPut, "/flows", object{})
	cli.Write(config(h, rich, `mode = "data_stream"`))
	expectError(t, cli.Plan(), `There is an index of this name, not a data stream: remove it, or set mode to "index".`)
	cli.Write(config(h, rich, `retention = "30d"`))
	expectError(t, cli.Plan(), "There is a single index of this name, which is not rolled over")
	rich.Do(t, http.MethodDelete, "/flows", nil)
	cli.Write(config(h, rich, `frozen = { after = "30d", snapshot_repository = "backup" }`))
	expectError(t, cli.Apply(), "current license is non-compliant for [searchable-snapshots]")
}

// TestTrouble: an Elasticsearch that cannot answer does not stop a plan; one that refuses does.
func TestTrouble(t *testing.T) {
	h, c, cli := providertest.StartHost(t, nil), providertest.StartCluster(t, elasticfake.Options{}), providertest.NewCLI(t)
	cli.Write(config(h, c, ""))
	expectFine(t, cli.Apply())
	for name, fault := range map[string]elasticfake.Fault{"overloaded": elasticfake.Overloaded, "just started": elasticfake.NotRecovered} {
		c.Inject(fault)
		if said := cli.Plan(); len(said.Errors) > 0 || len(said.Warnings) != 1 || said.Changes != 0 {
			t.Errorf("%s: %d changes, says %q, warns %q", name, said.Changes, said.Errors, said.Warnings)
		}
		c.Heal()
	}
	c.Inject(elasticfake.Forbidden)
	expectError(t, cli.Plan(), "Unable to read flow index flows")
	c.Heal()
	expectFine(t, cli.Plan())
}
