package elasticsecurity

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// Privileges are what roles and API keys have in common; models embed it.
type Privileges struct {
	Cluster types.Set  `tfsdk:"cluster"`
	Indices types.List `tfsdk:"indices"`
}

type indicesModel struct {
	Names      types.Set  `tfsdk:"names"`
	Privileges types.Set  `tfsdk:"privileges"`
	Restricted types.Bool `tfsdk:"allow_restricted_indices"`
}

// names is a required set of texts.
func names(description string) schema.SetAttribute {
	return schema.SetAttribute{
		Required: true, ElementType: types.StringType, MarkdownDescription: description, Validators: []validator.Set{setvalidator.SizeAtLeast(1)},
	}
}

// withPrivileges adds the attributes of Privileges to others; who is who has them.
func withPrivileges(attributes map[string]schema.Attribute, who string) map[string]schema.Attribute {
	all := map[string]schema.Attribute{
		"cluster": schema.SetAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "What " + who + " may do with the cluster: `monitor`, `manage_index_templates`, …",
		},
		"indices": schema.ListNestedAttribute{
			Optional:            true,
			MarkdownDescription: "What " + who + " may do with indices, data streams and aliases.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"names":      names("Names or patterns: `flows`, `flows-*`."),
				"privileges": names("What may be done with them: `create_doc`, `read`, …"),
				"allow_restricted_indices": schema.BoolAttribute{
					Optional: true, MarkdownDescription: "Whether patterns mean the server's own indices, too. Default `false`.",
				},
			}},
		},
	}
	maps.Copy(all, attributes)
	return all
}

// validate checks privileges by name: Elasticsearch takes any for an API key, and such a key is good for nothing.
func (p *Privileges) validate() (diags diag.Diagnostics) {
	check := func(at path.Path, of types.Set, known []string) {
		given, _ := hostresource.Strings(of)
		for _, privilege := range given {
			if !security.Known(privilege, known) {
				diags.AddAttributeError(at, "Unable to use privilege "+privilege,
					fmt.Sprintf("Elasticsearch 7.17 does not know it. Known are %s, and patterns over actions such as indices:data/read/*.", strings.Join(known, ", ")))
			}
		}
	}
	check(path.Root("cluster"), p.Cluster, security.ClusterPrivileges)
	for i, element := range p.Indices.Elements() {
		if object, ok := element.(types.Object); ok && !object.IsUnknown() {
			if of, ok := object.Attributes()["privileges"].(types.Set); ok {
				check(path.Root("indices").AtListIndex(i).AtName("privileges"), of, security.IndexPrivileges)
			}
		}
	}
	return diags
}

// role is what the attributes say; known is false while any of it is not.
func (p *Privileges) role(ctx context.Context) (role security.Role, known bool, diags diag.Diagnostics) {
	role.Cluster, known = hostresource.Strings(p.Cluster)
	known = known && !p.Indices.IsUnknown()
	for _, element := range p.Indices.Elements() {
		object, ok := element.(types.Object)
		if !ok || object.IsUnknown() {
			known = false
			continue
		}
		var model indicesModel
		if diags.Append(object.As(ctx, &model, basetypes.ObjectAsOptions{})...); diags.HasError() {
			return role, false, diags
		}
		on, all := hostresource.Strings(model.Names)
		privileges, too := hostresource.Strings(model.Privileges)
		known = known && all && too && !model.Restricted.IsUnknown()
		role.Indices = append(role.Indices, security.Indices{Names: on, Privileges: privileges, Restricted: model.Restricted.ValueBool()})
	}
	return role, known, diags
}

// set sets the attributes to what a role says.
func (p *Privileges) set(role security.Role) diag.Diagnostics {
	p.Cluster = set(role.Cluster)
	kind := types.ObjectType{AttrTypes: map[string]attr.Type{
		"names": types.SetType{ElemType: types.StringType}, "privileges": types.SetType{ElemType: types.StringType}, "allow_restricted_indices": types.BoolType,
	}}
	p.Indices = types.ListNull(kind)
	elements := make([]attr.Value, len(role.Indices))
	for i, on := range role.Indices {
		restricted := types.BoolNull()
		if on.Restricted {
			restricted = types.BoolValue(true)
		}
		elements[i] = types.ObjectValueMust(kind.AttrTypes, map[string]attr.Value{
			"names": set(on.Names), "privileges": set(on.Privileges), "allow_restricted_indices": restricted,
		})
	}
	if len(elements) == 0 {
		return nil
	}
	var diags diag.Diagnostics
	p.Indices, diags = types.ListValue(kind, elements)
	return diags
}
