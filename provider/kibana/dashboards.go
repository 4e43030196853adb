package kibana

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

// DashboardsType is the type of the resource for a set of saved objects.
const DashboardsType = "flowstack_dashboards"

type dashboardsModel struct {
	elasticresource.Common
	Space       types.String `tfsdk:"space"`
	Name        types.String `tfsdk:"name"`
	Source      types.String `tfsdk:"source"`
	Index       types.String `tfsdk:"index"`
	HealthIndex types.String `tfsdk:"health_index"`
	TitlePrefix types.String `tfsdk:"title_prefix"`
	Deduplicate types.String `tfsdk:"deduplicate"`
	Views       types.List   `tfsdk:"views"`
	Speeds      types.List   `tfsdk:"interface_speeds"`
	Overwrite   types.Bool   `tfsdk:"overwrite"`
}

// NewDashboards makes the resource.
var NewDashboards = elasticresource.New[dashboardsModel, set, *dashboardsModel](elasticresource.Kind[dashboardsModel, set]{
	Type:  DashboardsType,
	Thing: "dashboards",
	Description: "Dashboards of flows in Kibana, with their visualizations and index pattern: those that flowstack brings along ([what they show](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/dashboards.md)), " +
		"or any set of saved objects, as Kibana exports them to an NDJSON file. It is compared object by object and attribute by attribute with what Kibana made of it when it was imported, so that migrations, versions and how " +
		"popular a field is are no drift. Only what differs is imported; what is no longer in the set is removed. Objects of somebody else are not touched, " +
		"unless `overwrite` says so; these are put back by a destroy, as far as they are not larger than " + strconv.Itoa(largestKept>>10) + " KiB.",
	Privileges: []string{"saved objects management, all"},
	Kibana:     true,
	Attributes: dashboardsAttributes,
	Name:       func(m *dashboardsModel) *types.String { return &m.Name },
	Within: []elasticresource.Part[dashboardsModel]{
		{Attribute: "space", Of: func(m *dashboardsModel) *types.String { return &m.Space }, Default: kbn.DefaultSpace},
	},
	NotImported: "A set of dashboards is a name for objects, which Kibana does not know. Create it instead: objects that are there as the file has them are taken over, others with " +
		"overwrite = true.",
	Validate: validateDashboards,
	Desired:  wantedSet,
	Facts:    func(s set) host.Facts { return s.facts },
	Read:     readSet,
	Write:    writeSet,
	Remove:   removeSet,
	Ours:     func(set) bool { return true }, // writeSet looks object by object
})

var setName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

var dashboardsAttributes = map[string]schema.Attribute{
	"space": spaceAttribute,
	"name": schema.StringAttribute{
		Optional: true,
		Computed: true,
		Default:  stringdefault.StaticString(dashboards.DefaultPrefix),
		MarkdownDescription: "A name for the set, which tells it from others. The ids of flowstack's own dashboards begin with it, and before that with the space where that is not `default`; " +
			"those of a `source` are as that has them. Default `" + dashboards.DefaultPrefix + "`.",
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		Validators:    []validator.String{stringvalidator.RegexMatches(setName, "up to 64 lower-case letters, digits, _ and -, the first a letter or digit")},
	},
	"source": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "The content of an NDJSON file, as of Stack Management → Saved Objects → Export with related objects: `file(\"dashboards.ndjson\")`. " +
			"Every object that one of them refers to has to be among them, or in Kibana. Default: flowstack's own dashboards.",
		PlanModifiers: []planmodifier.String{semantic.JSON()},
	},
	"index": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "Where the flows are: the name of a `flowstack_flow_index`, or a pattern such as `flows-*`. Default `" + dashboards.DefaultIndex +
			"`. For flowstack's own dashboards, as `health_index`, `title_prefix`, `deduplicate`, `views` and `interface_speeds` are.",
	},
	"health_index": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "Where the documents of collectors about themselves are, of which the view `health` shows loss, lag and missing templates: the name of a `flowstack_flow_index` with " +
			"`documents = \"health\"`, or a pattern. Default `" + dashboards.DefaultHealthIndex + "`.",
	},
	"title_prefix": schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "What the title of each dashboard begins with. Default `\"" + dashboards.DefaultTitle + "\"`.",
	},
	"deduplicate": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "For exporters that report packets when they come in and again when they go out, which would count everything twice: `ingress` leaves out flows that say of themselves that they are " +
			"egress, `egress` those that say ingress. Flows that do not say it are always counted. It is a filter beside the search bar, which people can switch off and on; with `none`, the default, it is there and off.",
	},
	"views": schema.ListAttribute{
		Optional:            true,
		ElementType:         types.StringType,
		MarkdownDescription: "Which dashboards: `" + strings.Join(dashboards.Names(), "`, `") + "`. Default: all.",
		Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues()},
	},
	"interface_speeds": schema.ListNestedAttribute{
		Optional:            true,
		MarkdownDescription: "How fast interfaces are, which no flow record says: the view `interfaces` shows which share of it is used.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"exporter":        schema.StringAttribute{Required: true, MarkdownDescription: "Address of the exporter, as in `observer.ip`."},
			"interface":       schema.Int64Attribute{Required: true, MarkdownDescription: "ifIndex of the interface.", Validators: []validator.Int64{int64validator.AtLeast(0)}},
			"bits_per_second": schema.Int64Attribute{Required: true, MarkdownDescription: "Its speed, such as `10e9`.", Validators: []validator.Int64{int64validator.AtLeast(1)}},
		}},
	},
	"overwrite": schema.BoolAttribute{
		Optional:            true,
		MarkdownDescription: "Replace objects of the same type and id that somebody else made. Default `false`: they are an error.",
	},
}

// set is a set of objects, as facts: "dashboard/overview" = "Overview (0123456789abcdef)", with the digest of the file's object; and where Kibana has something
// else than it made of that, "dashboard/overview: title" = "changed".
type set struct {
	facts   host.Facts
	objects []kbn.Object // of the file, or flowstack's own
	found   map[kbn.ObjectID]kbn.Object
}

// changed is the fact of a part of an object that is not as Kibana made it.
const changed = "changed"

func factOf(object kbn.Object) string {
	title := object.Title()
	if title == "" {
		title = object.ID
	}
	return fmt.Sprintf("%s (%s)", title, object.Digest())
}

// objects are those of the source, or else flowstack's own.
func (m *dashboardsModel) objects() ([]kbn.Object, error) {
	if !m.Source.IsNull() {
		return kbn.ReadObjects([]byte(m.Source.ValueString()))
	}
	options := dashboards.Options{
		Prefix: m.Name.ValueString(), Index: m.Index.ValueString(), HealthIndex: m.HealthIndex.ValueString(), Title: m.TitlePrefix.ValueStringPointer(), Deduplicate: dashboards.Deduplicate(m.Deduplicate.ValueString()),
	}
	if space := m.Space.ValueString(); space != "" && space != kbn.DefaultSpace {
		options.Prefix = space + "." + options.Prefix // Kibana 8 has each id once, whatever the space; neither has a dot
	}
	for _, view := range m.Views.Elements() {
		if name, ok := view.(types.String); ok {
			options.Views = append(options.Views, name.ValueString())
		}
	}
	for _, speed := range m.Speeds.Elements() {
		options.Speeds = append(options.Speeds, speedOf(speed))
	}
	return dashboards.Build(options)
}

// speedOf is one of interface_speeds, all of it known.
func speedOf(value attr.Value) dashboards.Speed {
	object, _ := value.(types.Object)
	exporter, _ := object.Attributes()["exporter"].(types.String)
	number, _ := object.Attributes()["interface"].(types.Int64)
	speed, _ := object.Attributes()["bits_per_second"].(types.Int64)
	return dashboards.Speed{Exporter: exporter.ValueString(), Interface: strconv.FormatInt(number.ValueInt64(), 10), BitsPerSecond: uint64(speed.ValueInt64())}
}

// known tells whether all that decides about the objects is known.
func (m *dashboardsModel) known() bool {
	values := append([]attr.Value{m.Source, m.Space, m.Name, m.Index, m.HealthIndex, m.TitlePrefix, m.Deduplicate, m.Views, m.Speeds}, m.Views.Elements()...)
	for _, speed := range m.Speeds.Elements() {
		values = append(values, speed)
		if object, ok := speed.(types.Object); ok {
			values = slices.AppendSeq(values, maps.Values(object.Attributes()))
		}
	}
	return !slices.ContainsFunc(values, attr.Value.IsUnknown)
}

// unable says why there are no objects.
func unable(err error) diag.Diagnostic {
	at := path.Root("source")
	if option := new(dashboards.OptionError); errors.As(err, &option) {
		at = path.Root(option.Option)
	}
	return diag.NewAttributeErrorDiagnostic(at, "Unable to make the dashboards", connection.Explain(err)+".")
}

func validateDashboards(_ context.Context, m *dashboardsModel) diag.Diagnostics {
	var diags diag.Diagnostics
	for name, value := range map[string]attr.Value{"index": m.Index, "health_index": m.HealthIndex, "title_prefix": m.TitlePrefix, "deduplicate": m.Deduplicate, "views": m.Views, "interface_speeds": m.Speeds} {
		if !m.Source.IsNull() && !value.IsNull() {
			diags.AddAttributeError(path.Root(name), "Unable to use "+name+" with a source",
				"It is for the dashboards that flowstack brings along. Those of a source are as the source has them: remove one of the two.")
		}
	}
	if diags.HasError() || !m.known() {
		return diags
	}
	objects, err := m.objects()
	if err != nil {
		return append(diags, unable(err))
	}
	if needs := kbn.Needs(objects); len(needs) > 0 {
		diags.AddAttributeWarning(path.Root("source"), "The dashboards need objects that are not among them",
			list(needs)+"\n\nThe apply fails unless these are in the space by then. Export with related objects, or make them first.")
	}
	return diags
}

// shown is how many of many are shown.
const shown = 10

func list[T fmt.Stringer](of []T) string {
	texts := make([]string, 0, min(len(of), shown)+1)
	for _, one := range of[:min(len(of), shown)] {
		texts = append(texts, "- "+one.String())
	}
	if len(of) > shown {
		texts = append(texts, fmt.Sprintf("- and %d more", len(of)-shown))
	}
	return strings.Join(texts, "\n")
}

func wantedSet(_ context.Context, m *dashboardsModel, _ elasticresource.Context) (set, bool, diag.Diagnostics) {
	if !m.known() {
		return set{}, false, nil
	}
	objects, err := m.objects()
	if err != nil {
		return set{}, false, diag.Diagnostics{unable(err)}
	}
	want := set{facts: host.Facts{}, objects: objects}
	for _, object := range objects {
		want.facts[object.Name().String()] = factOf(object)
	}
	return want, true, nil
}

// readSet compares what Kibana has with the record of what it made of the file.
func readSet(ctx context.Context, m *dashboardsModel, c elasticresource.Context) (set, bool, error) {
	record, err := loadRecord(ctx, c.Private)
	if err != nil {
		return set{}, false, err
	}
	objects, err := m.objects()
	if err != nil {
		return set{}, false, err
	}
	ids := append(record.ids(), unrecorded(objects, record, m.Effective)...)
	found, err := c.Kibana.Objects(ctx, m.Space.ValueString(), ids)
	if err != nil {
		return set{}, false, err
	}
	s := set{facts: host.Facts{}, objects: objects, found: found}
	for _, id := range ids {
		object, there := found[id]
		made, recorded := record[id]
		switch {
		case !there && recorded:
			s.facts[id.String()] = host.Absent
			continue
		case !there:
			continue
		}
		if !recorded { // it is as the file has it, or somebody else's
			made = entryOf(objects[slices.IndexFunc(objects, func(o kbn.Object) bool { return o.Name() == id })])
			made.Parts = made.sourceParts
		}
		name := id.String()
		s.facts[name] = made.Fact
		for _, part := range kbn.Changed(made.Parts, object.Parts()) {
			s.facts[name+": "+part] = changed
		}
	}
	return s, len(found) > 0, nil
}

// unrecorded are the objects that are to be looked for besides those of the record: what was there already when the set was made, as the file has it. An object that
// an update of flowstack adds is none of them: if there is one of its id, it is somebody else's until the apply.
func unrecorded(objects []kbn.Object, recorded record, effective types.Map) []kbn.ObjectID {
	var ids []kbn.ObjectID
	seen := effective.Elements()
	for _, object := range objects {
		_, isRecorded := recorded[object.Name()]
		_, known := seen[object.Name().String()]
		if !isRecorded && (known || effective.IsUnknown()) {
			ids = append(ids, object.Name())
		}
	}
	return ids
}

// writeSet imports what is not there as it should be, and removes what is not wanted any more.
func writeSet(ctx context.Context, change elasticresource.Change[dashboardsModel, set]) error {
	space := change.Plan.Space.ValueString()
	if err := within(ctx, change.Kibana, change.Plan.Space); err != nil {
		return err
	}
	record, err := loadRecord(ctx, change.Private)
	if err != nil {
		return err
	}
	w := writing{change: change, space: space, record: record}
	if err := w.choose(); err != nil {
		return err
	}
	if err := w.closure(ctx); err != nil {
		return err
	}
	// What is about to be made is recorded before it is: a cut leaves nothing that nobody knows of.
	if err := w.record.save(ctx, change.Private); err != nil {
		return err
	}
	if err := change.Kibana.Import(ctx, space, w.send); err != nil {
		return err
	}
	if err := w.keep(ctx); err != nil {
		return err
	}
	for _, id := range w.drop {
		if err := restore(ctx, change.Kibana, space, id, w.record[id]); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		delete(w.record, id)
	}
	return w.record.save(ctx, change.Private)
}

type writing struct {
	change elasticresource.Change[dashboardsModel, set]
	space  string
	record record
	send   []kbn.Object
	drop   []kbn.ObjectID
}

// choose finds out what there is to do.
func (w *writing) choose() error {
	var taken []kbn.ObjectID
	wanted := map[kbn.ObjectID]bool{}
	adopted, err := w.adopted()
	if err != nil {
		return err
	}
	for _, object := range w.change.Want.objects {
		id := object.Name()
		wanted[id] = true
		there, isThere := w.change.Found.found[id]
		made, ours := w.record[id]
		if !ours && adopted[id] {
			made, ours = entry{Existed: true}, true
		}
		same := isThere && w.change.Found.facts[id.String()] == factOf(object) && !differs(w.change.Found.facts, id)
		switch {
		case same && ours:
			continue
		case !ours && isThere && !same && !w.change.Plan.Overwrite.ValueBool():
			taken = append(taken, id)
			continue
		}
		next := entryOf(object)
		next.Before, next.Existed = made.Before, made.Existed
		if !ours && isThere {
			next.Existed = true
			if len(there.Raw) <= largestKept {
				next.Before = there.Raw
			}
		}
		w.record[id] = next
		w.send = append(w.send, object)
	}
	if len(taken) > 0 {
		return &elasticresource.TakenError{Message: "there are objects that flowstack did not make, which overwrite = true would replace:\n" + list(taken)}
	}
	for _, id := range w.record.ids() {
		if !wanted[id] {
			w.drop = append(w.drop, id)
		}
	}
	return nil
}

// adopted are the objects of the file as it was: those of them that are not recorded were there already when the set was made, as the file had them.
func (w *writing) adopted() (map[kbn.ObjectID]bool, error) {
	ids := map[kbn.ObjectID]bool{}
	if w.change.Prior == nil {
		return ids, nil
	}
	objects, err := w.change.Prior.objects()
	there := w.change.Prior.Effective.Elements() // another version of flowstack may have other objects than were there
	for _, object := range objects {
		_, ids[object.Name()] = there[object.Name().String()]
	}
	return ids, err
}

// differs tells whether Kibana has something else of an object.
func differs(facts host.Facts, id kbn.ObjectID) bool {
	for name := range facts {
		if strings.HasPrefix(name, id.String()+": ") {
			return true
		}
	}
	return false
}

// closure looks for the objects that those of the file refer to and the file does not have. Kibana itself only looks for some.
func (w *writing) closure(ctx context.Context) error {
	needs := kbn.Needs(w.change.Want.objects)
	if len(needs) == 0 {
		return nil
	}
	ids := make([]kbn.ObjectID, len(needs))
	for i, need := range needs {
		ids[i] = need.Reference.Target()
	}
	found, err := w.change.Kibana.Objects(ctx, w.space, ids)
	if err != nil {
		return err
	}
	needs = slices.DeleteFunc(needs, func(need kbn.Need) bool { _, there := found[need.Reference.Target()]; return there })
	if len(needs) > 0 {
		return fmt.Errorf("objects that it needs are neither among its own nor in space %s:\n%s", w.space, list(needs))
	}
	return nil
}

// keep records what Kibana made of the objects that were imported.
func (w *writing) keep(ctx context.Context) error {
	ids := make([]kbn.ObjectID, len(w.send))
	for i, object := range w.send {
		ids[i] = object.Name()
	}
	made, err := w.change.Kibana.Objects(ctx, w.space, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		object, there := made[id]
		if !there {
			return fmt.Errorf("%s is not there after Kibana said that it was imported", id)
		}
		entry := w.record[id]
		entry.Parts = object.Parts()
		w.record[id] = entry
	}
	return nil
}

// restore removes an object that was made, or puts back the one that was replaced by it.
func restore(ctx context.Context, c *kbn.Client, space string, id kbn.ObjectID, made entry) error {
	switch {
	case made.Existed && made.Before == nil:
		return nil // too large to have been kept: what is there stays
	case made.Existed:
		before := kbn.Object{Type: id.Type, ID: id.ID, Raw: made.Before}
		return c.Import(ctx, space, []kbn.Object{before})
	}
	return c.DeleteObject(ctx, space, id)
}

// removeSet removes exactly what was made.
func removeSet(ctx context.Context, m *dashboardsModel, c elasticresource.Context) error {
	record, err := loadRecord(ctx, c.Private)
	if err != nil {
		return err
	}
	// What needs others goes before these: as long as a dashboard is there it has its visualizations.
	ids := record.ids()
	slices.SortStableFunc(ids, func(a, b kbn.ObjectID) int { return rank(a.Type) - rank(b.Type) })
	for _, id := range ids {
		if err := restore(ctx, c.Kibana, m.Space.ValueString(), id, record[id]); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}

// rank orders types of objects by what they may need.
func rank(kind string) int {
	order := []string{"dashboard", "canvas-workpad", "visualization", "lens", "map", "search", "index-pattern"}
	if at := slices.Index(order, kind); at >= 0 {
		return at
	}
	return len(order)
}

func (r record) ids() []kbn.ObjectID {
	return slices.SortedFunc(maps.Keys(r), func(a, b kbn.ObjectID) int { return strings.Compare(a.String(), b.String()) })
}
