package elasticsecurity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// ephemeralValidity ends a key whose run was killed before it could invalidate it.
const ephemeralValidity = 24 * time.Hour

// EphemeralKeyModel is an API key for the time of one run.
type EphemeralKeyModel struct {
	Privileges
	Name        types.String `tfsdk:"name"`
	KeyID       types.String `tfsdk:"key_id"`
	Credentials types.String `tfsdk:"credentials"`
	Encoded     types.String `tfsdk:"encoded"`
}

type ephemeralKey struct{ elasticresource.Configured }

var _ interface {
	ephemeral.EphemeralResourceWithConfigure
	ephemeral.EphemeralResourceWithClose
	ephemeral.EphemeralResourceWithValidateConfig
} = (*ephemeralKey)(nil)

// NewEphemeralKey makes the ephemeral resource.
func NewEphemeralKey() ephemeral.EphemeralResource { return &ephemeralKey{} }

// Metadata implements ephemeral.EphemeralResource.
func (*ephemeralKey) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = APIKeyType
}

// Schema implements ephemeral.EphemeralResource.
func (*ephemeralKey) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	sets := func(description string) schema.SetAttribute {
		return schema.SetAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API key of Elasticsearch for the time of one run: it is made when something needs it and invalidated at the end, and it is in no state and no plan. " +
			"A run that is killed leaves it to end by itself after a day. For a program that goes on using its key there is the resource of the same name." +
			"\n\nThe user of the provider's `elasticsearch` needs the cluster privilege `manage_api_key`.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required: true, MarkdownDescription: "The name that people know it by; several keys may have the same.",
				Validators: []validator.String{stringvalidator.LengthBetween(1, 256), stringvalidator.RegexMatches(keyName, "must not begin with an underscore or a space")},
			},
			"cluster": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "What its holder may do with the cluster: `monitor`, …",
			},
			"indices": schema.ListNestedAttribute{
				Optional: true, MarkdownDescription: "What its holder may do with indices, data streams and aliases.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"names":      sets("Names or patterns: `flows`, `flows-*`."),
					"privileges": sets("What may be done with them: `create_doc`, `read`, …"),
					"allow_restricted_indices": schema.BoolAttribute{
						Optional: true, MarkdownDescription: "Whether patterns mean the server's own indices, too. Default `false`.",
					},
				}},
			},
			"key_id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The id that Elasticsearch gave the key.",
			},
			"credentials": schema.StringAttribute{
				Computed: true, Sensitive: true, MarkdownDescription: "The key as `id:key`.",
			},
			"encoded": schema.StringAttribute{
				Computed: true, Sensitive: true, MarkdownDescription: "The key as it comes after `ApiKey` in the header `Authorization`.",
			},
		},
	}
}

// Configure implements ephemeral.EphemeralResourceWithConfigure.
func (k *ephemeralKey) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	k.Set(req.ProviderData, &resp.Diagnostics)
}

// ValidateConfig implements ephemeral.EphemeralResourceWithValidateConfig.
func (*ephemeralKey) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	var m EphemeralKeyModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(m.validate()...)
	resp.Diagnostics.Append(m.some()...)
}

// idKey is where the id of the key is between Open and Close.
const idKey = "id"

// Open implements ephemeral.EphemeralResource.
func (k *ephemeralKey) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	const what = "Elasticsearch API key"
	var m EphemeralKeyModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	role, _, diags := m.role(ctx)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	k.Ask(ctx, &resp.Diagnostics, "make "+what+" "+m.Name.ValueString(), []string{"manage_api_key"}, func(ctx context.Context, on *client.Client) error {
		made, err := security.CreateAPIKey(ctx, on, m.Name.ValueString(), "a run of Terraform", role, ephemeralValidity)
		if err != nil {
			return err
		}
		id, err := json.Marshal(made.ID)
		if err != nil {
			return err
		}
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, idKey, id)...)
		m.KeyID, m.Credentials = types.StringValue(made.ID), types.StringValue(made.Credentials())
		m.Encoded = types.StringValue(base64.StdEncoding.EncodeToString([]byte(made.Credentials())))
		return nil
	})
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Result.Set(ctx, m)...)
	}
}

// Close implements ephemeral.EphemeralResourceWithClose.
func (k *ephemeralKey) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	content, diags := req.Private.GetKey(ctx, idKey)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() || len(content) == 0 {
		return
	}
	k.Ask(ctx, &resp.Diagnostics, "invalidate the Elasticsearch API key of this run", []string{"manage_api_key"}, func(ctx context.Context, on *client.Client) error {
		var id string
		if err := json.Unmarshal(content, &id); err != nil {
			return err
		}
		return security.InvalidateAPIKeys(ctx, on, id)
	})
}

// some refuses a key without any privileges of its own.
func (p *Privileges) some() (diags diag.Diagnostics) {
	if p.Cluster.IsNull() && p.Indices.IsNull() {
		diags.AddError("Unable to use the API key", "It may do nothing: give cluster, indices or both. (To Elasticsearch, a key without would be one that may do all that its maker may.)")
	}
	return diags
}
