package elasticsecurity

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

type collectorRole struct{}

// NewCollectorRole makes the function collector_role.
func NewCollectorRole() function.Function { return collectorRole{} }

// Metadata implements function.Function.
func (collectorRole) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "collector_role"
}

var (
	textSet           = types.SetType{ElemType: types.StringType}
	grantType         = map[string]attr.Type{"names": textSet, "privileges": textSet}
	collectorRoleType = map[string]attr.Type{"cluster": textSet, "indices": types.ListType{ElemType: types.ObjectType{AttrTypes: grantType}}}
)

// Definition implements function.Function.
func (collectorRole) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "What a collector needs to be allowed",
		MarkdownDescription: "Returns the least that a collector may do which writes to an index (data stream, alias) or to those that begin with its name and a `-`: `cluster` and " +
			"`indices` of a [flowstack_elasticsearch_role](../resources/elasticsearch_role.md) or a [flowstack_elasticsearch_api_key](../resources/elasticsearch_api_key.md). It creates " +
			"documents, and looks whether the mappings are those of flows; it can neither read, change nor remove any. Templates stay with `flowstack_flow_index`.",
		Parameters: []function.Parameter{function.StringParameter{
			Name: "index", MarkdownDescription: "The name, as in `output.elasticsearch.index`: `flows`.",
		}},
		VariadicParameter: function.StringParameter{
			Name: "indices", MarkdownDescription: "Further names that it writes to, as in `output.elasticsearch.health.index`: `health-flows`.",
		},
		Return: function.ObjectReturn{AttributeTypes: collectorRoleType},
	}
}

// Run implements function.Function.
func (collectorRole) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var index string
	var more []string
	if resp.Error = req.Arguments.Get(ctx, &index, &more); resp.Error != nil {
		return
	}
	indices := append([]string{index}, more...)
	for at, name := range indices {
		if _, err := config.Canonical("output.elasticsearch.index", name); err != nil {
			resp.Error = function.NewArgumentFuncError(int64(at), err.Error())
			return
		}
	}
	role := security.CollectorRole(indices...)
	grants := make([]attr.Value, len(role.Indices))
	for i, on := range role.Indices {
		grants[i] = types.ObjectValueMust(grantType, map[string]attr.Value{"names": set(on.Names), "privileges": set(on.Privileges)})
	}
	resp.Error = resp.Result.Set(ctx, types.ObjectValueMust(collectorRoleType, map[string]attr.Value{
		"cluster": set(role.Cluster), "indices": types.ListValueMust(types.ObjectType{AttrTypes: grantType}, grants),
	}))
}
