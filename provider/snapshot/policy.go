package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/elastic/go-elasticsearch/v7/esapi"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	flows "github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

// PolicyType is the type of the resource.
const PolicyType = "flowstack_elasticsearch_slm_policy"

// PolicyModel is the resource in Terraform's terms.
type PolicyModel struct {
	elasticresource.Common
	Name          types.String `tfsdk:"name"`
	Schedule      types.String `tfsdk:"schedule"`
	Repository    types.String `tfsdk:"repository"`
	SnapshotName  types.String `tfsdk:"snapshot_name"`
	Indices       types.List   `tfsdk:"indices"`
	ClusterState  types.Bool   `tfsdk:"include_global_state"`
	IgnoreMissing types.Bool   `tfsdk:"ignore_unavailable"`
	Partial       types.Bool   `tfsdk:"partial"`
	Retention     types.Object `tfsdk:"retention"`
}

type retentionModel struct {
	ExpireAfter types.String `tfsdk:"expire_after"`
	MinCount    types.Int64  `tfsdk:"min_count"`
	MaxCount    types.Int64  `tfsdk:"max_count"`
}

var retentionTypes = map[string]attr.Type{"expire_after": types.StringType, "min_count": types.Int64Type, "max_count": types.Int64Type}

var policyAttributes = map[string]schema.Attribute{
	"name": nameAttribute("Name of the policy."),
	"schedule": schema.StringAttribute{
		Required: true,
		MarkdownDescription: "When snapshots are taken, in UTC, as Elasticsearch's cron has it: second, minute, hour, day of the month, month, day of the week, and perhaps year. " +
			"`0 30 1 * * ?` is half past one every night.",
	},
	"repository": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "Name of the repository, which has to be registered.",
	},
	"snapshot_name": schema.StringAttribute{
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString("<flows-{now/d}>"),
		MarkdownDescription: "Name of the snapshots, with date math; Elasticsearch adds something that makes it unique. Default `<flows-{now/d}>`.",
	},
	"indices": schema.ListAttribute{
		Optional:            true,
		ElementType:         types.StringType,
		MarkdownDescription: "Data streams, indices and patterns of them, such as `[\"flows\"]`. Default: all.",
		Validators:          []validator.List{listvalidator.SizeAtLeast(1)},
	},
	"include_global_state": schema.BoolAttribute{
		Optional:            true,
		Computed:            true,
		Default:             booldefault.StaticBool(true),
		MarkdownDescription: "Whether settings of the cluster, templates, lifecycle policies, users and the like are saved too. Default true.",
	},
	"ignore_unavailable": schema.BoolAttribute{
		Optional:            true,
		Computed:            true,
		Default:             booldefault.StaticBool(false),
		MarkdownDescription: "Whether a snapshot is taken although one of `indices` is missing or closed. Default false.",
	},
	"partial": schema.BoolAttribute{
		Optional:            true,
		Computed:            true,
		Default:             booldefault.StaticBool(false),
		MarkdownDescription: "Whether a snapshot is taken although a shard is not available. Default false.",
	},
	"retention": schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Which snapshots of the policy are deleted, once a day. Default: none.",
		Attributes: map[string]schema.Attribute{
			"expire_after": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Age, such as `30d`.",
				PlanModifiers:       []planmodifier.String{semantic.Duration()},
			},
			"min_count": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "How many stay, however old they are.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"max_count": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "How many stay at most, however new they are.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
		},
	},
}

// NewPolicy makes the resource.
var NewPolicy = elasticresource.New[PolicyModel, map[string]any, *PolicyModel](elasticresource.Kind[PolicyModel, map[string]any]{
	Type:  PolicyType,
	Thing: "snapshot lifecycle policy",
	Description: "When Elasticsearch saves which data to a repository, and for how long snapshots are kept. Destroying the resource takes no more snapshots; those that there are " +
		"stay, and nobody deletes them any more.",
	Privileges: []string{"manage_slm"},
	Attributes: policyAttributes,
	Name:       func(m *PolicyModel) *types.String { return &m.Name },
	Sources:    []elasticresource.Source{{Provider: elasticresource.Elasticstack, Type: "elasticstack_elasticsearch_snapshot_lifecycle"}},
	Validate:   validatePolicy,
	Desired: func(ctx context.Context, m *PolicyModel, _ elasticresource.Context) (map[string]any, bool, diag.Diagnostics) {
		return m.body(ctx)
	},
	Facts: func(policy map[string]any) host.Facts {
		facts := host.Facts{}
		elasticresource.Flatten(facts, "", policy)
		return facts
	},
	Ours: func(found map[string]any) bool {
		return elasticresource.Object(elasticresource.Object(found["config"])["metadata"])["managed_by"] == flows.ManagedByTerraform
	},
	Read: readPolicy,
	Write: func(ctx context.Context, change elasticresource.Change[PolicyModel, map[string]any]) error {
		err := elasticresource.Send(ctx, change.Client, change.Want, func(b io.Reader) esapi.Request {
			return esapi.SlmPutLifecycleRequest{PolicyID: change.Plan.Name.ValueString(), Body: b}
		})
		if client.Unheard(err) {
			return errors.New("this Elasticsearch has no snapshot lifecycle management, which is in Elastic's default distribution")
		}
		return err
	},
	Remove: func(ctx context.Context, m *PolicyModel, c elasticresource.Context) error {
		_, err := c.Client.Call(ctx, esapi.SlmDeleteLifecycleRequest{PolicyID: m.Name.ValueString()})
		return elasticresource.AbsentIsFine(err)
	},
	Import: importPolicy,
})

func validatePolicy(ctx context.Context, m *PolicyModel) (diags diag.Diagnostics) {
	const wrong = "Unable to use the snapshot lifecycle policy"
	if fields := strings.Fields(m.Schedule.ValueString()); !m.Schedule.IsUnknown() && len(fields) != 6 && len(fields) != 7 {
		diags.AddAttributeError(path.Root("schedule"), wrong, fmt.Sprintf("A schedule has six or seven fields, from second to day of the week and perhaps year, such as "+
			"`0 30 1 * * ?`; this one has %d.", len(fields)))
	}
	var r retentionModel
	if m.Retention.IsNull() || m.Retention.IsUnknown() {
		return diags
	}
	if diags.Append(m.Retention.As(ctx, &r, basetypes.ObjectAsOptions{})...); diags.HasError() {
		return diags
	}
	if text := r.ExpireAfter.ValueString(); text != "" {
		if _, err := elasticresource.ParseTime(text); err != nil {
			diags.AddAttributeError(path.Root("retention").AtName("expire_after"), wrong, connection.Explain(err)+".")
		}
	}
	if least, most := r.MinCount.ValueInt64(), r.MaxCount.ValueInt64(); least > 0 && most > 0 && least > most {
		diags.AddAttributeError(path.Root("retention").AtName("min_count"), wrong, fmt.Sprintf("At least %d and at most %d cannot be.", least, most))
	}
	return diags
}

// body is the policy as it is put, and as Elasticsearch returns it. "Create or update snapshot lifecycle policy API".
func (m *PolicyModel) body(ctx context.Context) (policy map[string]any, known bool, diags diag.Diagnostics) {
	for _, v := range []attr.Value{m.Name, m.Schedule, m.Repository, m.SnapshotName, m.ClusterState, m.IgnoreMissing, m.Partial, m.Retention} {
		if v.IsUnknown() {
			return nil, false, nil
		}
	}
	indices, known := hostresource.Strings(m.Indices)
	if !known {
		return nil, false, nil
	}
	config := map[string]any{
		"include_global_state": m.ClusterState.ValueBool(), "ignore_unavailable": m.IgnoreMissing.ValueBool(), "partial": m.Partial.ValueBool(),
		"metadata": map[string]any{"managed_by": flows.ManagedByTerraform},
	}
	if len(indices) > 0 {
		list := make([]any, len(indices))
		for i, index := range indices {
			list[i] = index
		}
		config["indices"] = list
	}
	policy = map[string]any{
		"name": m.SnapshotName.ValueString(), "schedule": m.Schedule.ValueString(), "repository": m.Repository.ValueString(), "config": config,
	}
	if m.Retention.IsNull() {
		return policy, true, nil
	}
	var r retentionModel
	diags.Append(m.Retention.As(ctx, &r, basetypes.ObjectAsOptions{})...)
	if r.ExpireAfter.IsUnknown() || r.MinCount.IsUnknown() || r.MaxCount.IsUnknown() {
		return nil, false, diags
	}
	retention := map[string]any{}
	if !r.ExpireAfter.IsNull() {
		retention["expire_after"] = r.ExpireAfter.ValueString()
	}
	if !r.MinCount.IsNull() {
		retention["min_count"] = float64(r.MinCount.ValueInt64())
	}
	if !r.MaxCount.IsNull() {
		retention["max_count"] = float64(r.MaxCount.ValueInt64())
	}
	policy["retention"] = retention
	return policy, true, diags
}

// readPolicy: a server without snapshot lifecycle management answers that there is no index _slm.
func readPolicy(ctx context.Context, m *PolicyModel, c elasticresource.Context) (found map[string]any, there bool, err error) {
	var answer map[string]struct {
		Policy map[string]any `json:"policy"`
	}
	name := m.Name.ValueString()
	err = c.Client.Ask(ctx, esapi.SlmGetLifecycleRequest{PolicyID: []string{name}}, &answer)
	if client.Absent(err) {
		return nil, false, nil
	}
	policy, there := answer[name]
	if err == nil && !there {
		err = fmt.Errorf("%w: it has no policy %s and does not say that there is none", client.ErrForeign, name)
	}
	return policy.Policy, there, err
}

func importPolicy(ctx context.Context, m *PolicyModel, found map[string]any) (diags diag.Diagnostics) {
	text := func(value any) types.String { return types.StringValue(elasticresource.Text(value)) }
	flag := func(value any, standard bool) types.Bool {
		if is, said := value.(bool); said {
			return types.BoolValue(is)
		}
		return types.BoolValue(standard)
	}
	config := elasticresource.Object(found["config"])
	m.Schedule, m.Repository, m.SnapshotName = text(found["schedule"]), text(found["repository"]), text(found["name"])
	m.ClusterState, m.IgnoreMissing = flag(config["include_global_state"], true), flag(config["ignore_unavailable"], false)
	m.Partial = flag(config["partial"], false)
	m.Indices = hostresource.StringList(elasticresource.Strings(config["indices"]))
	m.Retention = types.ObjectNull(retentionTypes)
	retention := elasticresource.Object(found["retention"])
	if retention == nil {
		return nil
	}
	var r retentionModel
	if age, said := retention["expire_after"].(string); said {
		r.ExpireAfter = types.StringValue(age)
	}
	if count, said := retention["min_count"].(float64); said {
		r.MinCount = types.Int64Value(int64(count))
	}
	if count, said := retention["max_count"].(float64); said {
		r.MaxCount = types.Int64Value(int64(count))
	}
	m.Retention, diags = types.ObjectValueFrom(ctx, retentionTypes, r)
	return diags
}
