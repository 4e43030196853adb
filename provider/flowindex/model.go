package flowindex

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

type rolloverModel struct {
	MaxAge  types.String `tfsdk:"max_age"`
	MaxSize types.String `tfsdk:"max_size"`
}

var rolloverTypes = map[string]attr.Type{"max_age": types.StringType, "max_size": types.StringType}

type tierModel struct {
	After          types.String `tfsdk:"after"`
	Replicas       types.Int64  `tfsdk:"replicas"`
	NodeAttributes types.Map    `tfsdk:"node_attributes"`
}

var tierTypes = map[string]attr.Type{
	"after": types.StringType, "replicas": types.Int64Type, "node_attributes": types.MapType{ElemType: types.StringType},
}

type frozenModel struct {
	After      types.String `tfsdk:"after"`
	Repository types.String `tfsdk:"snapshot_repository"`
}

var frozenTypes = map[string]attr.Type{"after": types.StringType, "snapshot_repository": types.StringType}

// spec is what the model asks for; known is false while something of it is not known, and then only what is known is in it.
func (m *Model) spec(ctx context.Context) (s spec, known bool, diags diag.Diagnostics) {
	r := reader{known: true}
	l := &lifecycle{retention: r.text(m.Retention), merge: m.ForceMerge.IsNull() || r.flag(m.ForceMerge)}
	var rollover rolloverModel
	if r.object(ctx, m.Rollover, &rollover) {
		l.maxAge, l.maxSize = r.text(rollover.MaxAge), r.text(rollover.MaxSize)
	}
	l.warm, l.cold = r.tier(ctx, m.Warm), r.tier(ctx, m.Cold)
	var f frozenModel
	if r.object(ctx, m.Frozen, &f) {
		l.frozen = &frozen{r.text(f.After), r.text(f.Repository)}
	}
	s = spec{
		name: r.text(m.Name), documents: kind(r.text(m.Documents)), target: r.text(m.Target), priority: r.number(m.Priority), shards: r.number(m.Shards), replicas: r.optional(m.Replicas),
		settings: r.texts(m.Settings), lifecycle: l,
	}
	// Servers that have no data streams have no lifecycle management either, so that an alias has a lifecycle only where it is asked for.
	if s.target == schema.TargetIndex || s.target == schema.TargetAlias && !m.asksForLifecycle() {
		s.lifecycle = nil
	}
	return s, r.known, r.diags
}

// kind is the kind of documents of a name; flows, where it is none or not known yet.
func kind(name string) *schema.Documents {
	for _, d := range schema.Kinds {
		if d.Name == name {
			return d
		}
	}
	return schema.Flows
}

// reader reads values, and remembers whether all are known.
type reader struct {
	known bool
	diags diag.Diagnostics
}

func (r *reader) text(v types.String) string {
	r.known = r.known && !v.IsUnknown()
	return v.ValueString()
}

func (r *reader) number(v types.Int64) int64 {
	r.known = r.known && !v.IsUnknown()
	return v.ValueInt64()
}

func (r *reader) optional(v types.Int64) *int64 {
	r.known = r.known && !v.IsUnknown()
	return v.ValueInt64Pointer()
}

func (r *reader) flag(v types.Bool) bool {
	r.known = r.known && !v.IsUnknown()
	return v.ValueBool()
}

// texts are the known values of a map.
func (r *reader) texts(v types.Map) map[string]string {
	r.known = r.known && !v.IsUnknown()
	all := map[string]string{}
	for name, value := range v.Elements() {
		text, ok := value.(types.String)
		if !ok || text.IsUnknown() {
			r.known = false
			continue
		}
		if !text.IsNull() {
			all[name] = text.ValueString()
		}
	}
	return all
}

// object reads an attribute with attributes; false: it is null or not known.
func (r *reader) object(ctx context.Context, v types.Object, into any) bool {
	r.known = r.known && !v.IsUnknown()
	if v.IsNull() || v.IsUnknown() {
		return false
	}
	r.diags.Append(v.As(ctx, into, basetypes.ObjectAsOptions{})...)
	return !r.diags.HasError()
}

func (r *reader) tier(ctx context.Context, v types.Object) *tier {
	var m tierModel
	if !r.object(ctx, v, &m) {
		return nil
	}
	return &tier{after: r.text(m.After), replicas: r.optional(m.Replicas), attributes: r.texts(m.NodeAttributes)}
}
