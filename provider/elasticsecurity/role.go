package elasticsecurity

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// RoleType is the type of the resource for roles.
const RoleType = "flowstack_elasticsearch_role"

// RoleModel is a role in Terraform's terms.
type RoleModel struct {
	elasticresource.Common
	Privileges
	Name         types.String `tfsdk:"name"`
	Applications types.List   `tfsdk:"applications"`
	RunAs        types.Set    `tfsdk:"run_as"`
}

type applicationModel struct {
	Application types.String `tfsdk:"application"`
	Privileges  types.Set    `tfsdk:"privileges"`
	Resources   types.Set    `tfsdk:"resources"`
}

// NewRole makes the resource.
var NewRole = elasticresource.New[RoleModel, security.Role, *RoleModel](roleKind)

var roleKind = elasticresource.Kind[RoleModel, security.Role]{
	Type:        RoleType,
	Thing:       "Elasticsearch role",
	Description: roleDescription,
	Privileges:  []string{"manage_security"},
	Attributes:  withPrivileges(roleAttributes, "its holders"),
	Name:        func(m *RoleModel) *types.String { return &m.Name },
	Sources:     []elasticresource.Source{{Provider: elasticresource.Elasticstack, Type: "elasticstack_elasticsearch_security_role"}},
	Validate:    func(_ context.Context, m *RoleModel) diag.Diagnostics { return m.validate() },
	Desired:     desiredRole,
	Facts:       security.Role.Facts,
	Ours:        func(r security.Role) bool { return security.Marked(r.Metadata) },
	Read: func(ctx context.Context, m *RoleModel, c elasticresource.Context) (security.Role, bool, error) {
		return security.GetRole(ctx, c.Client, m.Name.ValueString())
	},
	Write: func(ctx context.Context, change elasticresource.Change[RoleModel, security.Role]) error {
		return security.PutRole(ctx, change.Client, change.Plan.Name.ValueString(), change.Want)
	},
	Remove: func(ctx context.Context, m *RoleModel, c elasticresource.Context) error {
		return security.DeleteRole(ctx, c.Client, m.Name.ValueString())
	},
	Import: importRole,
}

const roleDescription = "A role of Elasticsearch: what its holders may do. `provider::flowstack::collector_role` makes the least that a collector needs. Privileges are checked in the " +
	"plan. What somebody adds by hand, a query or a choice of fields (which need a licence) included, is shown as drift and taken away."

var roleAttributes = map[string]schema.Attribute{
	"name": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "The name that users and mappings refer to. Changing it replaces the role.",
		Validators: []validator.String{
			stringvalidator.LengthBetween(1, 507),
			stringvalidator.RegexMatches(printable, "must be printable ASCII characters, without a space at the beginning or end"),
		},
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	},
	"applications": schema.ListNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Privileges in programs that keep theirs in Elasticsearch, such as Kibana.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"application": schema.StringAttribute{Required: true, MarkdownDescription: "The program: `kibana-.kibana`."},
			"privileges":  names("What may be done: `feature_dashboard.read`."),
			"resources":   names("Where: `space:default`, `*`."),
		}},
	},
	"run_as": schema.SetAttribute{
		Optional: true, ElementType: types.StringType, MarkdownDescription: "Users that holders may act as.",
	},
}

func desiredRole(ctx context.Context, m *RoleModel, _ elasticresource.Context) (role security.Role, known bool, diags diag.Diagnostics) {
	role, known, diags = m.role(ctx)
	role.Metadata = security.Mark()
	var all bool
	role.RunAs, all = hostresource.Strings(m.RunAs)
	known = known && all && !m.Applications.IsUnknown()
	var applications []applicationModel
	diags.Append(m.Applications.ElementsAs(ctx, &applications, false)...)
	for _, in := range applications {
		privileges, all := hostresource.Strings(in.Privileges)
		resources, too := hostresource.Strings(in.Resources)
		known = known && all && too && !in.Application.IsUnknown()
		role.Applications = append(role.Applications, security.Application{Application: in.Application.ValueString(), Privileges: privileges, Resources: resources})
	}
	return role, known, diags
}

func importRole(_ context.Context, m *RoleModel, found security.Role) (diags diag.Diagnostics) {
	diags = m.set(found)
	m.RunAs = set(found.RunAs)
	kind := types.ObjectType{AttrTypes: map[string]attr.Type{
		"application": types.StringType, "privileges": types.SetType{ElemType: types.StringType}, "resources": types.SetType{ElemType: types.StringType},
	}}
	m.Applications = types.ListNull(kind)
	elements := make([]attr.Value, len(found.Applications))
	for i, in := range found.Applications {
		elements[i] = types.ObjectValueMust(kind.AttrTypes, map[string]attr.Value{
			"application": types.StringValue(in.Application), "privileges": set(in.Privileges), "resources": set(in.Resources),
		})
	}
	if len(elements) > 0 {
		m.Applications = types.ListValueMust(kind, elements)
	}
	return diags
}

// set is a set of texts; none are null.
func set(texts []string) types.Set {
	if len(texts) == 0 {
		return types.SetNull(types.StringType)
	}
	elements := make([]attr.Value, 0, len(texts))
	for _, text := range slices.Compact(slices.Sorted(slices.Values(texts))) {
		elements = append(elements, types.StringValue(text))
	}
	return types.SetValueMust(types.StringType, elements)
}
