package kibana_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/flowstack/terraform-provider-flowstack/acctest/kibanafake"
	"github.com/flowstack/terraform-provider-flowstack/provider/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// lab is a configuration under test, with a Kibana behind a host.
type lab struct {
	*testing.T
	*providertest.CLI
	host   *providertest.Host
	kibana *providertest.Kibana
}

func newLab(t *testing.T) *lab {
	t.Helper()
	return &lab{t, providertest.NewCLI(t), providertest.StartHost(t, nil), providertest.StartKibana(t)}
}

func (l *lab) use(body string) { l.Write(l.kibana.Provider(l.host) + body) }

// applied applies without an error or a warning, and expects nothing to be left to do.
func (l *lab) applied(what string) {
	l.Helper()
	if said := l.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
		l.Fatalf("%s: %q, %q", what, said.Errors, said.Warnings)
	}
	if plan, said := l.Show(); said.Changes != 0 || len(said.Errors)+len(said.Warnings) > 0 {
		l.Fatalf("after %s the plan has %d changes, %q, %q: %s", what, said.Changes, said.Errors, said.Warnings, changes(plan))
	}
}

func changes(plan *tfjson.Plan) string {
	var text strings.Builder
	if plan == nil {
		return ""
	}
	for _, change := range plan.ResourceChanges {
		fmt.Fprintf(&text, "%s: %v → %v; ", change.Address, change.Change.Before, change.Change.After)
	}
	return text.String()
}

// refused expects an apply to fail with these words.
func (l *lab) refused(what, message string) {
	l.Helper()
	said := l.Apply()
	if len(said.Errors) != 1 || !strings.Contains(strings.Join(strings.Fields(said.Errors[0]), " "), message) {
		l.Errorf("%s: %q", what, said.Errors)
	}
}

// drifts expects the plan to show a fact go from a value to another.
func (l *lab) drifts(what, address, fact, from, to string) {
	l.Helper()
	plan, said := l.Show()
	if len(said.Errors) > 0 {
		l.Fatalf("%s: %q", what, said.Errors)
	}
	var resp plancheck.CheckPlanResponse
	providertest.Drifts(address, fact, from, to).CheckPlan(context.Background(), plancheck.CheckPlanRequest{Plan: plan}, &resp)
	if resp.Error != nil {
		l.Errorf("%s: %v; %s", what, resp.Error, changes(plan))
	}
}

func (l *lab) wrote(request string) bool {
	return slices.ContainsFunc(l.kibana.Requests(), func(r string) bool { return strings.HasPrefix(r, request) })
}

func TestSpace(t *testing.T) {
	l := newLab(t)
	body := func(more string) string {
		return fmt.Sprintf("resource %q \"test\" {\n  space_id = \"flows\"\n  name = \"Flows\"\n%s\n}\n", kibana.SpaceType, more)
	}
	address := kibana.SpaceType + ".test"
	l.use(body(""))
	l.applied("creation")
	l.use(body(`disabled_features = ["ml", "apm"]`))
	l.applied("update")
	space, _ := l.kibana.Space("flows")
	if !slices.Equal(space.DisabledFeatures, []string{"ml", "apm"}) {
		t.Errorf("%+v", space)
	}
	space.Name, space.ImageURL = "Hand", "data:image/png;base64,"
	l.kibana.SetSpace(space)
	l.drifts("by hand", address, "name", "Hand", "Flows")
	l.applied("repair")
	if space, _ = l.kibana.Space("flows"); space.ImageURL == "" {
		t.Error("what is not in the configuration was removed")
	}
	l.kibana.RemoveSpace("flows")
	l.applied("being removed by hand")
	l.Forget(address)
	l.kibana.SetSpace(kibanafake.Space{ID: "flows", Name: "Theirs", DisabledFeatures: []string{}})
	l.refused("a space of somebody else", "Unable to create Kibana space flows There is one of this name that flowstack did not make")
	l.Import(address, "flows")
	l.applied("import")
	l.use("")
	l.applied("destroy")
	if _, there := l.kibana.Space("flows"); there {
		t.Error("it is still there")
	}
}

func TestObject(t *testing.T) {
	l := newLab(t)
	body := func(attributes string) string {
		return fmt.Sprintf(`
resource %q "test" {
  type       = "index-pattern"
  object_id  = "flows-*"
  attributes = jsonencode(%s)
}
`, kibana.ObjectType, attributes)
	}
	address := kibana.ObjectType + ".test"
	l.use(body(`{ title = "flows-*", timeFieldName = "@timestamp" }`))
	l.applied("creation")
	if err := l.kibana.Click("default", "flows-*", "source.ip"); err != nil {
		t.Fatal(err)
	}
	l.applied("a click in Discover")
	l.use(body(`{ title = "flows-*", timeFieldName = "@timestamp", fieldFormatMap = jsonencode({ "network.bytes" = { id = "bytes" } }) }`))
	l.applied("an attribute more")
	object := l.kibana.Object("default", "index-pattern", "flows-*")
	if text, _ := object.Attributes["fieldAttrs"].(string); !strings.Contains(text, "source.ip") {
		t.Errorf("what people did got lost: %+v", object.Attributes)
	}
	object.Attributes["title"] = "hand-*"
	l.kibana.SetObject("default", *object)
	l.drifts("by hand", address, "title", "hand-*", "flows-*")
	l.use(body(`{ title = "flows-*" }`))
	l.applied("attributes less")
	if object = l.kibana.Object("default", "index-pattern", "flows-*"); object.Attributes["timeFieldName"] != nil || object.Attributes["fieldAttrs"] == nil {
		t.Errorf("%+v", object.Attributes)
	}
	l.kibana.RemoveObject("default", "index-pattern", "flows-*")
	l.applied("being removed by hand")
	l.Forget(address)
	l.Import(address, "default/index-pattern/flows-*")
	l.applied("import")
	l.use("")
	l.applied("destroy")
	if got := l.kibana.Objects("default"); len(got) > 0 {
		t.Errorf("still there: %q", got)
	}

	l.use(strings.Replace(body(`{ title = "x" }`), "type ", "space = \"none\"\n  type ", 1))
	l.refused("no such space", "Unable to create Kibana object none/index-pattern/flows-* There is no space none")
	if got := l.kibana.Objects("none"); len(got) > 0 {
		t.Errorf("written into a space that there is not: %q", got)
	}
	l.use(strings.Replace(body(""), "jsonencode()", `"[]"`, 1))
	if said := l.Plan(); len(said.Errors) == 0 || !strings.Contains(said.Errors[0], "It is no JSON object") {
		t.Errorf("%q", said.Errors)
	}
}

const (
	pattern = `{"type":"index-pattern","id":"flows-*","attributes":{"title":"flows-*","timeFieldName":"@timestamp","fields":"[]"},"references":[],"migrationVersion":{"index-pattern":"7.11.0"}}`
	chart   = `{"type":"visualization","id":"top","attributes":{"title":"Top","visState":"{\"type\":\"metrics\",\"params\":{\"interval\":\">=1m\"}}"},"references":[],"migrationVersion":{"visualization":"7.14.0"}}`
	board   = `{"type":"dashboard","id":"overview","attributes":{"title":"Overview","panelsJSON":"[{\"panelRefName\":\"panel_0\",\"title\":\"\"}]"},"references":[{"name":"0:panel_0","type":"visualization","id":"top"},{"name":"i","type":"index-pattern","id":"flows-*"}],"migrationVersion":{"dashboard":"7.14.0"}}`
	count   = `{"exportedCount":3,"missingRefCount":0,"missingReferences":[]}`
)

func dashboards(more string, lines ...string) string {
	return fmt.Sprintf("resource %q \"test\" {\n  name = \"flows\"\n  %s\n  source = <<-EOT\n%s\nEOT\n}\n", kibana.DashboardsType, more, strings.Join(lines, "\n"))
}

func TestDashboards(t *testing.T) {
	l := newLab(t)
	address := kibana.DashboardsType + ".test"
	l.use(dashboards("", pattern, chart, board, count))
	l.applied("creation") // and what the migrations made of them is no drift
	all := []string{"dashboard/overview", "index-pattern/flows-*", "visualization/top"}
	if got := l.kibana.Objects("default"); !slices.Equal(got, all) {
		t.Fatalf("Kibana has %q", got)
	}
	if err := l.kibana.Click("default", "flows-*", "source.ip"); err != nil {
		t.Fatal(err)
	}
	l.applied("a click in Discover")
	l.kibana.Requests()
	l.applied("nothing")
	if l.wrote("POST /api/saved_objects/_import") {
		t.Error("what is there was imported again")
	}

	object := l.kibana.Object("default", "dashboard", "overview")
	object.Attributes["title"] = "Mine"
	object.References = object.References[:1]
	l.kibana.SetObject("default", *object)
	l.drifts("by hand", address, "dashboard/overview: title", "changed", "")
	l.drifts("by hand", address, "dashboard/overview: references", "changed", "")
	l.applied("repair")
	if object = l.kibana.Object("default", "dashboard", "overview"); object.Attributes["title"] != "Overview" || len(object.References) != 2 {
		t.Errorf("%+v", object)
	}
	l.kibana.RemoveObject("default", "visualization", "top")
	l.drifts("removed by hand", address, "visualization/top", "absent", "Top (86484acd98c4b8cd)")
	l.applied("repair")

	// One is changed, one goes, one comes.
	other := strings.NewReplacer(`"id":"top"`, `"id":"new"`, `"title":"Top"`, `"title":"New"`).Replace(chart)
	l.use(dashboards("", pattern, other, strings.NewReplacer(`"id":"top"`, `"id":"new"`, `"Overview"`, `"All"`).Replace(board)))
	l.applied("update")
	if got := l.kibana.Objects("default"); !slices.Equal(got, []string{"dashboard/overview", "index-pattern/flows-*", "visualization/new"}) {
		t.Errorf("Kibana has %q", got)
	}
	l.kibana.SetObject("default", kibanafake.Object{Type: "dashboard", ID: "theirs", Attributes: map[string]any{"title": "Theirs"}})
	l.use("")
	l.applied("destroy")
	if got := l.kibana.Objects("default"); !slices.Equal(got, []string{"dashboard/theirs"}) {
		t.Errorf("after the destroy Kibana has %q", got)
	}
}

func TestDashboardsOfOthers(t *testing.T) {
	l := newLab(t)
	theirs := kibanafake.Object{Type: "visualization", ID: "top", Attributes: map[string]any{"title": "Theirs"}}
	l.kibana.SetObject("default", theirs)
	l.use(dashboards("", pattern, chart, board))
	l.refused("an object of somebody else", "overwrite = true would replace: - visualization/top")
	if got := l.kibana.Objects("default"); !slices.Equal(got, []string{"visualization/top"}) {
		t.Errorf("Kibana has %q", got)
	}
	l.use(dashboards("overwrite = true", pattern, chart, board))
	l.applied("overwriting")
	if got := l.kibana.Object("default", "visualization", "top"); got.Attributes["title"] != "Top" {
		t.Errorf("%+v", got)
	}
	l.use("")
	l.applied("destroy")
	if got := l.kibana.Object("default", "visualization", "top"); got == nil || got.Attributes["title"] != "Theirs" {
		t.Errorf("theirs was not put back: %+v", got)
	}
	if got := l.kibana.Objects("default"); len(got) != 1 {
		t.Errorf("Kibana has %q", got)
	}
}

// TestDashboardsFail: whatever goes wrong in an apply, the next one heals it, and nothing is left that nobody knows of.
func TestDashboardsFail(t *testing.T) {
	l := newLab(t)
	space := fmt.Sprintf("resource %q \"flows\" {\n  space_id = \"flows\"\n  name = \"Flows\"\n}\n", kibana.SpaceType)
	body := space + dashboards("space = "+kibana.SpaceType+".flows.id", pattern, chart, board)
	for name, fault := range map[string]kibanafake.Fault{
		"refused":         {Method: http.MethodPost, Path: "/api/saved_objects/_import", Times: 1, Status: http.StatusRequestEntityTooLarge, Body: `{"message":"Payload content length greater than maximum allowed: 1048576"}`},
		"cut before":      {Method: http.MethodPost, Path: "/api/saved_objects/_import", Times: 1, Cut: true},
		"cut after":       {Method: http.MethodPost, Path: "/api/saved_objects/_import", Times: 1, Cut: true, Done: true},
		"success is none": {Method: http.MethodPost, Path: "/api/saved_objects/_import", Times: 1, Status: http.StatusOK, Body: `{"success":false,"successCount":2,"errors":[{"type":"dashboard","id":"overview","error":{"type":"missing_references","references":[]}}]}`},
	} {
		l.use(body)
		l.kibana.Break(fault)
		if said := l.Apply(); len(said.Errors) == 0 {
			t.Errorf("%s: no error", name)
		}
		if got := l.kibana.Objects("flows"); len(got) > 0 {
			t.Errorf("%s left %q", name, got)
		}
		l.kibana.Heal()
		l.applied("the apply after " + name)

		l.use(space + dashboards("space = "+kibana.SpaceType+".flows.id", pattern, chart, strings.Replace(board, "Overview", "Another", 1)))
		l.kibana.Break(fault)
		if said := l.Apply(); len(said.Errors) == 0 {
			t.Errorf("update, %s: no error", name)
		}
		l.kibana.Heal()
		l.applied("the update after " + name)
		if got := l.kibana.Object("flows", "dashboard", "overview"); got.Attributes["title"] != "Another" {
			t.Errorf("%s: %+v", name, got)
		}
		l.use("")
		l.applied("destroy")
	}
}

func TestDashboardsNeedEachOther(t *testing.T) {
	l := newLab(t)
	l.use(dashboards("", pattern, board)) // Kibana itself would import it, with an empty panel
	said := l.Plan()
	if len(said.Warnings) == 0 || !strings.Contains(said.Warnings[0], "dashboard/overview refers to visualization/top (0:panel_0)") {
		t.Errorf("%q", said.Warnings)
	}
	l.refused("a reference that leads nowhere", "neither among its own nor in space default: - dashboard/overview refers to visualization/top")
	if got := l.kibana.Objects("default"); len(got) > 0 {
		t.Errorf("Kibana has %q", got)
	}
	for source, message := range map[string]string{
		"not JSON": "Line 1: it is no JSON object", pattern + "\n" + pattern: "Line 2: index-pattern/flows-* is in line 1 already",
	} {
		l.use(dashboards("", source))
		if said := l.Plan(); len(said.Errors) == 0 || !strings.Contains(said.Errors[0], message) {
			t.Errorf("%q", said.Errors)
		}
	}
	l.use(dashboards("", pattern))
	l.applied("creation")

	// Not reached while planning: a warning, and the state is taken for true. Refused: an error.
	l.kibana.SetReady(false)
	if said := l.Plan(); len(said.Errors) > 0 || said.Changes != 0 || len(said.Warnings) != 1 || !strings.Contains(said.Warnings[0], "Unable to read from Kibana") {
		t.Errorf("%+v", said)
	}
	l.kibana.SetReady(true)
	l.kibana.Break(kibanafake.Fault{Status: http.StatusForbidden, Body: `{"message":"Unable to bulk_get index-pattern"}`, Times: 1})
	if said := l.Plan(); len(said.Errors) != 1 || !strings.Contains(said.Errors[0], "saved objects management") {
		t.Errorf("%+v", said)
	}
	l.Write(l.host.Provider() + dashboards("", pattern))
	if said := l.Plan(); len(said.Errors) == 0 || !strings.Contains(said.Errors[0], "add kibana = { … } to its block") {
		t.Errorf("%+v", said)
	}
}

// TestOwnDashboards: without a source there are flowstack's own, all that they need among them, in whatever space, and by whatever name their index has.
func TestOwnDashboards(t *testing.T) {
	l := newLab(t)
	address := kibana.DashboardsType + ".test"
	own := func(more string) string {
		return fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", kibana.DashboardsType, more)
	}
	l.use(own(""))
	l.applied("creation")
	count := len(l.kibana.Objects("default"))
	if overview := l.kibana.Object("default", "dashboard", "flows-overview"); overview == nil || overview.Attributes["title"] != "Flows: Overview" || count < 60 {
		t.Fatalf("%d objects, %+v", count, overview)
	}
	made := l.kibana.Object("default", "index-pattern", "flows-index-pattern")
	if made == nil || made.Attributes["title"] != "flows" {
		t.Fatalf("%+v", made)
	}
	made.Attributes["title"] = "mine"
	l.kibana.SetObject("default", *made)
	l.drifts("by hand", address, "index-pattern/flows-index-pattern: title", "changed", "")
	l.kibana.RemoveObject("default", "visualization", "flows-sources")
	l.applied("repair")

	l.use(own(`index = "traffic-*"
  title_prefix = "Site: "
  deduplicate  = "ingress"
  interface_speeds = [{ exporter = "192.0.2.1", interface = 7, bits_per_second = 10e9 }]
  views        = ["overview", "interfaces"]`))
	l.applied("options")
	if drawing, _ := l.kibana.Object("default", "visualization", "flows-utilisation").Attributes["visState"].(string); !strings.Contains(drawing, "192.0.2.1/7") || !strings.Contains(drawing, "10000000000") {
		t.Error("the speed of an interface is not in its drawing")
	}
	if fewer := len(l.kibana.Objects("default")); fewer >= count {
		t.Errorf("%d objects of two views, %d of all", fewer, count)
	}
	overview := l.kibana.Object("default", "dashboard", "flows-overview")
	meta, _ := overview.Attributes["kibanaSavedObjectMeta"].(map[string]any)
	if source, _ := meta["searchSourceJSON"].(string); overview.Attributes["title"] != "Site: Overview" || !strings.Contains(source, `"disabled":false`) {
		t.Errorf("%+v", overview.Attributes)
	}
	if l.kibana.Object("default", "dashboard", "flows-top") != nil {
		t.Error("a view that is not wanted any more is there")
	}
	if made = l.kibana.Object("default", "index-pattern", "flows-index-pattern"); made.Attributes["title"] != "traffic-*" {
		t.Errorf("%+v", made)
	}

	// The user's own instead, and back.
	l.use(dashboards("", board, chart, `{"type":"index-pattern","id":"flows-*","attributes":{"title":"flows-*"},"references":[]}`))
	l.applied("a source")
	if got := l.kibana.Objects("default"); len(got) != 3 {
		t.Errorf("Kibana has %q", got)
	}
	space := fmt.Sprintf("resource %q \"flows\" {\n  space_id = \"noc\"\n  name = \"NOC\"\n}\n", kibana.SpaceType)
	l.use(space + own("space = "+kibana.SpaceType+".flows.id\n  name = \"edge\""))
	l.applied("another space")
	if got := l.kibana.Objects("default"); len(got) != 0 || l.kibana.Object("noc", "dashboard", "noc.edge-security") == nil {
		t.Errorf("left behind: %q; in the space: %q", got, l.kibana.Objects("noc"))
	}
	l.use("")
	l.applied("destroy")
	if got := append(l.kibana.Objects("default"), l.kibana.Objects("noc")...); len(got) > 0 {
		t.Errorf("still there: %q", got)
	}

	for config, message := range map[string]string{
		own(`deduplicate = "both"`):        `Deduplicate is none, ingress or egress, not "both".`,
		own(`views = ["overview", "all"]`): `There is no view "all"; there are overview, top,`,
		own(`interface_speeds = [{ exporter = "edge", interface = 7, bits_per_second = 1 }]`): `"edge" is no address of an exporter`,
		own(`index = "Flows"`):                      `"Flows" is no name of an index and no pattern of such`,
		dashboards(`index = "flows"`, pattern):      "Unable to use index with a source",
		dashboards(`views = ["overview"]`, pattern): "Unable to use views with a source",
	} {
		l.use(config)
		if said := l.Plan(); len(said.Errors) == 0 || !strings.Contains(strings.Join(strings.Fields(said.Errors[0]), " "), message) {
			t.Errorf("%s: %q", message, said.Errors)
		}
	}
}
