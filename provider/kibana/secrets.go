package kibana

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

const (
	passwordAttribute = "elasticsearch_password_wo" // a name
	keystoreAttribute = "keystore_wo"
	entriesKey        = "keystore_entries" // where private state keeps the names of all entries that were ever ours
)

// checkSecrets looks at the entries of the keystore as far as they are known.
func (m *Model) checkSecrets() diag.Diagnostics {
	var diags diag.Diagnostics
	entries := m.Keystore.Elements()
	if _, both := entries[kbn.Password]; both && !m.ElasticsearchPassword.IsNull() {
		diags.AddAttributeError(at(keystoreAttribute, kbn.Password), "Unable to use entry "+kbn.Password, passwordAttribute+" stands for it. Give one of the two.")
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		value, ok := entries[name].(types.String)
		if !ok || value.IsUnknown() || value.IsNull() {
			value = types.StringValue(unknownSecret)
		}
		diags.Append(checkSecret(name, value.ValueString())...)
	}
	return diags
}

// unknownSecret stands for a secret that is not known yet: nothing is wrong with its length.
const unknownSecret = "................................................................"

func checkSecret(name, value string) diag.Diagnostics {
	if err := kbn.CheckSecret(name, []byte(value)); err != nil {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(at(keystoreAttribute, name), "Unable to use an entry of Kibana's keystore", connection.Explain(err)+".")}
	}
	return nil
}

// secretOf is the write-only attribute of an entry of the keystore.
func secretOf(name string) secret.Attribute {
	return secret.Attribute{
		Name: keystoreAttribute, Key: "keystore " + name, Thing: "entry " + name + " of the keystore",
		Text: func(ctx context.Context, config *tfsdk.Config) (types.String, diag.Diagnostics) {
			_, value, diags := given(ctx, config, name)
			return value, diags
		},
		From: func(ctx context.Context, config *tfsdk.Config) (string, diag.Diagnostics) {
			attribute, _, diags := given(ctx, config, name)
			return attribute, diags
		},
	}
}

// given is the value of an entry of the keystore, and the attribute that has it: there are two for the password.
func given(ctx context.Context, config *tfsdk.Config, name string) (attribute string, value types.String, diags diag.Diagnostics) {
	if name == kbn.Password {
		diags = config.GetAttribute(ctx, path.Root(passwordAttribute), &value)
		if diags.HasError() || !value.IsNull() {
			return passwordAttribute, value, diags
		}
	}
	diags.Append(config.GetAttribute(ctx, at(keystoreAttribute, name), &value)...)
	return keystoreAttribute, value, diags
}

// configured are the names of the entries that the configuration gives; known is false while there may be more.
func configured(ctx context.Context, config *tfsdk.Config) (names []string, known bool, diags diag.Diagnostics) {
	var password types.String
	var entries types.Map
	diags.Append(config.GetAttribute(ctx, path.Root(passwordAttribute), &password)...)
	diags.Append(config.GetAttribute(ctx, path.Root(keystoreAttribute), &entries)...)
	if entries.IsUnknown() || diags.HasError() {
		return nil, false, diags
	}
	for name, value := range entries.Elements() {
		if !value.IsNull() {
			names = append(names, name)
		}
	}
	if !password.IsNull() {
		names = append(names, kbn.Password)
	}
	slices.Sort(names)
	return slices.Compact(names), true, diags
}

func revisionOf(revisions types.Map, name string) types.String {
	if revisions.IsUnknown() {
		return types.StringUnknown()
	}
	value, ok := revisions.Elements()[name].(types.String)
	if !ok {
		return types.StringNull()
	}
	return value
}

func revisions(values map[string]attr.Value) types.Map {
	if len(values) == 0 {
		return types.MapNull(types.StringType)
	}
	return types.MapValueMust(types.StringType, values)
}

// planSecrets plans new revisions of the entries that are others than before.
func planSecrets(ctx context.Context, prior *Model, c hostresource.Context) (types.Map, diag.Diagnostics) {
	names, known, diags := configured(ctx, c.Config)
	if !known {
		return types.MapUnknown(types.StringType), diags
	}
	values := map[string]attr.Value{}
	for _, name := range names {
		before := secret.Prior{Revision: revisionOf(prior.SecretRevisions, name), Facts: prior.Effective}
		revision, more := secretOf(name).Plan(ctx, before, c)
		diags.Append(more...)
		values[name] = revision
	}
	return revisions(values), diags
}

// prepare settles the revisions, and notes which entries are ours.
func prepare(ctx context.Context, plan *Model, c hostresource.Context) diag.Diagnostics {
	names, known, diags := configured(ctx, c.Config)
	ever, more := noted(ctx, c)
	if diags.Append(more...); diags.HasError() {
		return diags
	}
	if !known {
		diags.AddAttributeError(path.Root(keystoreAttribute), "Unable to use the keystore of Kibana", "It is still unknown in the apply.")
		return diags
	}
	values := map[string]attr.Value{}
	for _, name := range names {
		entry := secretOf(name)
		value, more := entry.Configured(ctx, c)
		diags.Append(more...)
		diags.Append(checkSecret(name, value.ValueString())...)
		revision, more := entry.Prepare(ctx, revisionOf(plan.SecretRevisions, name), c)
		diags.Append(more...)
		values[name] = revision
	}
	plan.SecretRevisions = revisions(values)
	for _, name := range ever {
		if !slices.Contains(names, name) { // forgets its hash
			_, more := secretOf(name).Prepare(ctx, types.StringNull(), c)
			diags.Append(more...)
		}
	}
	all := slices.Concat(ever, names)
	slices.Sort(all)
	data, err := json.Marshal(slices.Compact(all))
	if err != nil {
		diags.AddError("Unable to write the private state", err.Error())
		return diags
	}
	diags.Append(c.Private.SetKey(ctx, entriesKey, data)...)
	return diags
}

// noted are the entries that were ever ours.
func noted(ctx context.Context, c hostresource.Context) (names []string, diags diag.Diagnostics) {
	data, diags := c.Private.GetKey(ctx, entriesKey)
	if diags.HasError() || len(data) == 0 {
		return nil, diags
	}
	if err := json.Unmarshal(data, &names); err != nil {
		diags.AddError("Unable to read the private state", fmt.Sprintf("The entries of the keystore: %v", err))
	}
	return names, diags
}

// secrets are what the keystore shall have.
func (m *Model) secrets(ctx context.Context, c hostresource.Context) (secrets map[string]kbn.Secret, known bool, diags diag.Diagnostics) {
	secrets = map[string]kbn.Secret{}
	if m.SecretRevisions.IsUnknown() {
		return nil, false, nil
	}
	for name := range m.SecretRevisions.Elements() {
		revision := revisionOf(m.SecretRevisions, name)
		wanted, more := secretOf(name).Wanted(ctx, c)
		diags.Append(more...)
		made := kbn.Secret{Revision: revision.ValueString(), Content: wanted.Content, Verify: wanted.Verify}
		if revision.IsUnknown() {
			made.Revision = hostresource.Unknown
		}
		secrets[name] = made
	}
	return secrets, true, diags
}
