// Package flowindex is the resource flowstack_flow_index: how Elasticsearch stores flows, for how long, and what they are written to.
package flowindex

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_flow_index"

// DefaultName is the name that the collector writes to when nothing else is said.
const DefaultName = "flows"

// Model is the resource in Terraform's terms.
type Model struct {
	elasticresource.Common
	Name       types.String `tfsdk:"name"`
	Documents  types.String `tfsdk:"documents"`
	Mode       types.String `tfsdk:"mode"`
	Target     types.String `tfsdk:"target"`
	Priority   types.Int64  `tfsdk:"priority"`
	Shards     types.Int64  `tfsdk:"shards"`
	Replicas   types.Int64  `tfsdk:"replicas"`
	Settings   types.Map    `tfsdk:"settings"`
	Retention  types.String `tfsdk:"retention"`
	Rollover   types.Object `tfsdk:"rollover"`
	ForceMerge types.Bool   `tfsdk:"force_merge"`
	Warm       types.Object `tfsdk:"warm"`
	Cold       types.Object `tfsdk:"cold"`
	Frozen     types.Object `tfsdk:"frozen"`
	DeleteData types.Bool   `tfsdk:"delete_data"`
}

// NewResource makes the resource.
var NewResource = elasticresource.New[Model, design, *Model](elasticresource.Kind[Model, design]{
	Type:        ResourceType,
	Thing:       "flow index",
	Description: description,
	Privileges:  []string{"monitor", "manage_index_templates", "manage_ilm"},
	Attributes:  attributes,
	Name:        func(m *Model) *types.String { return &m.Name },
	Validate:    validate,
	Plan:        plan,
	Prepare:     prepare,
	Desired:     desired,
	Facts:       facts,
	Ours:        func(found design) bool { return found.foreign() == "" },
	Read:        read,
	Write:       write,
	Remove:      remove,
	Stays:       stays,
	Import:      imported,
	Observe: func(_ context.Context, m *Model, found design) diag.Diagnostics {
		switch {
		case found.target.kind != "":
			m.Target = types.StringValue(found.target.kind)
		case found.template != nil:
			m.Target = types.StringValue(targetFor(found.name, found.template))
		}
		return nil // else it is as it was
	},
})

// validate holds the name to what the collector can be told, too, and the lifecycle to what Elasticsearch takes.
func validate(ctx context.Context, m *Model) (diags diag.Diagnostics) {
	if !m.Name.IsNull() && !m.Name.IsUnknown() {
		if _, err := config.Canonical("output.elasticsearch.index", m.Name.ValueString()); err != nil {
			var wrong *config.Error
			if errors.As(err, &wrong) {
				err = errors.New(wrong.Message)
			}
			diags.AddAttributeError(path.Root("name"), "Unable to use the name of the flow index", connection.Explain(err)+".")
		}
	}
	if m.Documents.ValueString() == schema.Health.Name && (m.Name.IsNull() || m.Name.ValueString() == DefaultName) {
		diags.AddAttributeError(path.Root("name"), "Unable to use the name of the flow index",
			"Documents of health need an index of their own: give it a name that is not "+DefaultName+", such as health-flows.")
	}
	s, _, more := m.spec(ctx)
	if diags.Append(more...); diags.HasError() {
		return diags
	}
	for _, wrong := range s.lifecycle.check() {
		at := path.Root(wrong.at[0])
		for _, name := range wrong.at[1:] {
			at = at.AtName(name)
		}
		diags.AddAttributeError(at, "Unable to use the lifecycle of the flow index", connection.Explain(wrong.err)+".")
	}
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		if err := checkSetting(name); err != nil {
			diags.AddAttributeError(path.Root("settings").AtMapKey(name), "Unable to use the settings of the flow index", connection.Explain(err)+".")
		}
	}
	if m.Mode.ValueString() == schema.TargetIndex {
		for name, set := range map[string]bool{
			"retention": !m.Retention.IsNull(), "rollover": !m.Rollover.IsNull(), "warm": !m.Warm.IsNull(), "cold": !m.Cold.IsNull(), "frozen": !m.Frozen.IsNull(),
		} {
			if set {
				diags.AddAttributeError(path.Root(name), "Unable to use the lifecycle of the flow index",
					"A single index is not rolled over, so that it could only be deleted as a whole: set mode to data_stream or alias.")
			}
		}
	}
	return diags
}

// checkSetting refuses settings that other attributes, or flowstack itself, are about.
func checkSetting(name string) error {
	for prefix, instead := range map[string]string{
		"index.number_of_shards": "shards", "index.number_of_replicas": "replicas", "index.auto_expand_replicas": "replicas",
		"index.lifecycle.": "retention, rollover, warm, cold and frozen", "index.sort.": "nothing: flows are sorted by their time",
	} {
		if strings.HasPrefix(name, prefix) {
			return fmt.Errorf("for %s there is %s", name, instead)
		}
	}
	if !strings.HasPrefix(name, "index.") {
		return fmt.Errorf("%q is not the name of a setting of an index, which begins with index. and has no other settings below it", name)
	}
	return nil
}

// plan says what the documents will be written to where that can be told now, and whether something is in the way.
func plan(ctx context.Context, prior, m *Model, c elasticresource.Context) (diags diag.Diagnostics) {
	if prior != nil && prior.Mode.Equal(m.Mode) && prior.Name.Equal(m.Name) {
		m.Target = prior.Target // read a moment ago
	} else {
		m.Target = types.StringUnknown()
	}
	if c.Client == nil || m.Name.IsUnknown() || m.Mode.IsUnknown() {
		return nil
	}
	err := m.settle(ctx, c.Client)
	if err == nil {
		err = m.unopposed(ctx, c.Client)
	}
	if err != nil && !client.Away(err) { // why it cannot be asked is what the reads warn of
		diags.AddError("Unable to plan flow index "+m.Name.ValueString(), connection.Explain(err)+".")
	}
	return diags
}

// prepare settles in the apply what the plan could not.
func prepare(ctx context.Context, m *Model, c elasticresource.Context) (diags diag.Diagnostics) {
	err := client.Await(ctx, func(ctx context.Context) error { return m.settle(ctx, c.Client) })
	if err != nil {
		diags.AddError("Unable to apply flow index "+m.Name.ValueString(), connection.Explain(err))
	}
	return diags
}

// settle chooses the target, and finds out whether the server can do what is asked.
func (m *Model) settle(ctx context.Context, on *client.Client) error {
	name := m.Name.ValueString()
	can, err := featuresOf(ctx, on)
	if err != nil {
		return err
	}
	there, err := targetOf(ctx, on, name)
	if err != nil {
		return err
	}
	template, err := templateOf(ctx, on, name)
	if err != nil {
		return err
	}
	chosen, err := settle(m.Mode.ValueString(), name, can, there, template)
	if err != nil {
		return err
	}
	m.Target = types.StringValue(chosen)
	if !m.asksForLifecycle() {
		return nil
	}
	switch {
	case chosen == schema.TargetIndex:
		return conclude("there is a single index of this name, which is not rolled over, so that it could only be deleted as a whole: remove retention, rollover, warm, " +
			"cold and frozen, or move the flows to a data stream")
	case !can[featureLifecycle]:
		return conclude("this Elasticsearch has no index lifecycle management, which is in Elastic's default distribution, and nothing else would delete old " +
			"flows: remove retention, rollover, warm, cold and frozen")
	}
	return nil
}

// asksForLifecycle tells whether something is asked for that only a lifecycle policy does.
func (m *Model) asksForLifecycle() bool {
	return !m.Retention.IsNull() || !m.Rollover.IsNull() || !m.Warm.IsNull() || !m.Cold.IsNull() || !m.Frozen.IsNull()
}

// unopposed looks for templates of others that are in the way.
func (m *Model) unopposed(ctx context.Context, on *client.Client) error {
	if m.Priority.IsUnknown() || m.Target.IsUnknown() {
		return nil
	}
	all, err := templates(ctx, on, "")
	if err != nil {
		return err
	}
	want := spec{name: m.Name.ValueString(), documents: kind(m.Documents.ValueString()), target: m.Target.ValueString(), priority: m.Priority.ValueInt64()}.wanted().template
	theirs := make([]other, 0, len(all))
	for name, t := range all {
		theirs = append(theirs, asOther(name, t))
	}
	at := m.Name.ValueString()
	if m.Target.ValueString() == schema.TargetAlias {
		at = first(at)
	}
	return conflict(asOther(m.Name.ValueString(), want), at, theirs)
}

func asOther(name string, template map[string]any) other {
	priority, _ := template["priority"].(float64) // none is 0
	return other{name, elasticresource.Strings(template["index_patterns"]), priority}
}

func desired(ctx context.Context, m *Model, _ elasticresource.Context) (want design, known bool, diags diag.Diagnostics) {
	s, known, diags := m.spec(ctx)
	if !known || diags.HasError() {
		return design{}, false, diags
	}
	return s.wanted(), true, diags
}

// read is what Elasticsearch has. It is there as long as any part of it is that flowstack made: the rest of a destroy that was cut off has to go, too.
// Without the index template it is somebody else's business what an index of the name is like.
func read(ctx context.Context, m *Model, c elasticresource.Context) (found design, there bool, err error) {
	name := m.Name.ValueString()
	found.name = name
	if found.template, err = templateOf(ctx, c.Client, name); err != nil {
		return design{}, false, err
	}
	if found.settings, err = componentOf(ctx, c.Client, settingsName(name)); err != nil {
		return design{}, false, err
	}
	if found.mappings, err = componentOf(ctx, c.Client, mappingsName(name)); err != nil {
		return design{}, false, err
	}
	if found.policy, err = policyOf(ctx, c.Client, name); err != nil {
		return design{}, false, err
	}
	if found.target, err = targetOf(ctx, c.Client, name); err != nil {
		return design{}, false, err
	}
	there = found.template != nil || found.settings != nil && ours(found.settings) || found.mappings != nil && ours(found.mappings) ||
		found.policy != nil && mine(found.policy)
	return found, there, nil
}

// foreign names a part that flowstack did not make; empty: there is none.
func (d design) foreign() string {
	switch {
	case d.template != nil && !ours(d.template):
		return "index template " + d.name
	case d.settings != nil && !ours(d.settings):
		return "component template " + settingsName(d.name)
	case d.mappings != nil && !ours(d.mappings):
		return "component template " + mappingsName(d.name)
	case d.policy != nil && !mine(d.policy):
		return "lifecycle policy " + d.name
	}
	return ""
}
