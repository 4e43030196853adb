package flowindex

import (
	"context"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// imported sets what an imported resource says of itself. What is as it would be without an attribute leaves the attribute out.
func imported(ctx context.Context, m *Model, found design) (diags diag.Diagnostics) {
	m.Mode, m.DeleteData = types.StringValue(ModeAuto), types.BoolValue(false)
	m.Priority, m.Shards, m.Replicas = types.Int64Null(), types.Int64Null(), types.Int64Null()
	documents := found.documents()
	m.Documents = types.StringValue(documents.Name)
	standard := spec{name: found.name, documents: documents, target: found.target.kind}.wanted()
	if priority, _ := found.template["priority"].(float64); priority != standard.template["priority"] {
		m.Priority = types.Int64Value(int64(priority))
	}
	m.importSettings(found, standard)
	diags.Append(m.importLifecycle(ctx, found.policy)...)
	return diags
}

// documents is the kind whose mappings these are: the one of whose fields the least share is not mapped so.
func (d design) documents() *schema.Documents {
	best, least := schema.Flows, -1
	for _, one := range schema.Kinds {
		wanted := host.Facts{}
		innerFacts(wanted, elasticresource.Object(one.Templates(d.name, schema.TargetIndex)[1].Body["template"]))
		missing := len(oldFields(wanted, elasticresource.Object(elasticresource.Object(d.mappings["template"])["mappings"])))
		if least < 0 || missing*len(best.Fields) < least*len(one.Fields) {
			best, least = one, missing
		}
	}
	return best
}

// other is the kind that templates or indices are for, where it is not the given one; nil: there are none, or of no kind.
func (d design) other(than *schema.Documents) *schema.Documents {
	for _, mappings := range []any{elasticresource.Object(d.mappings["template"])["mappings"], d.target.mapping} {
		for _, one := range schema.Kinds {
			if one != than && marked(elasticresource.Object(mappings), one) {
				return one
			}
		}
	}
	return nil
}

// marked tells whether mappings have the mark of a kind.
func marked(mappings map[string]any, kind *schema.Documents) bool {
	for name := range strings.SplitSeq(kind.Mark, ".") {
		mappings = elasticresource.Object(elasticresource.Object(mappings["properties"])[name])
	}
	return mappings["type"] == kind.MarkType()
}

func (m *Model) importSettings(found, standard design) {
	has, usual := host.Facts{}, host.Facts{}
	innerFacts(has, elasticresource.Object(found.settings["template"]))
	innerFacts(usual, elasticresource.Object(standard.settings["template"]))
	more := map[string]string{}
	for name, value := range settingsOf(has) {
		number, err := strconv.ParseInt(value, 10, 64)
		switch {
		case usual["setting "+name] == value:
		case name == "index.number_of_shards" && err == nil:
			m.Shards = types.Int64Value(number)
		case name == "index.number_of_replicas" && err == nil:
			m.Replicas = types.Int64Value(number)
		case checkSetting(name) == nil:
			more[name] = value
		}
	}
	m.Settings = stringMap(more)
}

// stringMap is a map of texts; null when it is empty.
func stringMap(of map[string]string) types.Map {
	if len(of) == 0 {
		return types.MapNull(types.StringType)
	}
	elements := make(map[string]attr.Value, len(of))
	for name, value := range of {
		elements[name] = types.StringValue(value)
	}
	return types.MapValueMust(types.StringType, elements)
}

func (m *Model) importLifecycle(ctx context.Context, policy map[string]any) (diags diag.Diagnostics) {
	phases := elasticresource.Object(policy["phases"])
	hot := actions(phases, "hot")
	_, merged := hot["forcemerge"]
	m.ForceMerge = types.BoolValue(merged || policy == nil)
	m.Retention = optionalText(elasticresource.Object(phases["delete"])["min_age"])
	m.Rollover, m.Frozen = types.ObjectNull(rolloverTypes), types.ObjectNull(frozenTypes)
	if rollover := elasticresource.Object(hot["rollover"]); rollover != nil {
		said := rolloverModel{optionalText(rollover["max_age"]), optionalText(rollover["max_primary_shard_size"])}
		if said.MaxAge.ValueString() == (lifecycle{retention: m.Retention.ValueString()}).indexAge() {
			said.MaxAge = types.StringNull()
		}
		if said.MaxSize.ValueString() == DefaultShardSize {
			said.MaxSize = types.StringNull()
		}
		if !said.MaxAge.IsNull() || !said.MaxSize.IsNull() {
			m.Rollover = made(&diags)(types.ObjectValueFrom(ctx, rolloverTypes, said))
		}
	}
	m.Warm, m.Cold = importTier(ctx, phases, "warm", &diags), importTier(ctx, phases, "cold", &diags)
	if snapshot := elasticresource.Object(actions(phases, "frozen")["searchable_snapshot"]); snapshot != nil {
		said := frozenModel{optionalText(elasticresource.Object(phases["frozen"])["min_age"]), optionalText(snapshot["snapshot_repository"])}
		m.Frozen = made(&diags)(types.ObjectValueFrom(ctx, frozenTypes, said))
	}
	return diags
}

func importTier(ctx context.Context, phases map[string]any, name string, diags *diag.Diagnostics) types.Object {
	phase := elasticresource.Object(phases[name])
	if phase == nil {
		return types.ObjectNull(tierTypes)
	}
	allocate := elasticresource.Object(actions(phases, name)["allocate"])
	said := tierModel{After: optionalText(phase["min_age"])}
	if replicas, ok := allocate["number_of_replicas"].(float64); ok {
		said.Replicas = types.Int64Value(int64(replicas))
	}
	attributes := map[string]string{}
	for attribute, value := range elasticresource.Object(allocate["require"]) {
		attributes[attribute] = elasticresource.Text(value)
	}
	said.NodeAttributes = stringMap(attributes)
	return made(diags)(types.ObjectValueFrom(ctx, tierTypes, said))
}

// actions are those of a phase.
func actions(phases map[string]any, name string) map[string]any {
	return elasticresource.Object(elasticresource.Object(phases[name])["actions"])
}

// made keeps what is said about a value that was made.
func made(diags *diag.Diagnostics) func(types.Object, diag.Diagnostics) types.Object {
	return func(value types.Object, more diag.Diagnostics) types.Object {
		diags.Append(more...)
		return value
	}
}

func optionalText(value any) types.String {
	text, ok := value.(string)
	if !ok {
		return types.StringNull()
	}
	return types.StringValue(text)
}
