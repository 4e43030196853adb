package elasticsearch

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

// entries are all secrets of a node as one: they have one revision, and one version.
var entries = secret.Attribute{Name: keystoreAttribute, Key: "keystore", Thing: "keystore's entries", Text: entriesText}

const (
	keystoreAttribute  = "keystore_wo"
	bootstrapAttribute = "bootstrap_password_wo" // a name
)

// configured reads the write-only attributes.
func configured(ctx context.Context, config *tfsdk.Config) (of types.Map, bootstrap types.String, diags diag.Diagnostics) {
	diags.Append(config.GetAttribute(ctx, path.Root(keystoreAttribute), &of)...)
	diags.Append(config.GetAttribute(ctx, path.Root(bootstrapAttribute), &bootstrap)...)
	return of, bootstrap, diags
}

// configuredEntries are the entries that are known; of one whose value is not, only the name is.
func configuredEntries(of types.Map, bootstrap types.String) elasticsearch.Keystore {
	k := elasticsearch.Keystore{Values: map[string][]byte{}}
	add := func(name string, value attr.Value) {
		if value.IsNull() {
			return
		}
		k.Names = append(k.Names, name)
		if text, ok := value.(types.String); ok && !text.IsUnknown() {
			k.Values[name] = []byte(text.ValueString())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(of.Elements())) {
		add(name, of.Elements()[name])
	}
	if _, twice := of.Elements()[elasticsearch.BootstrapPassword]; !twice {
		add(elasticsearch.BootstrapPassword, bootstrap)
	}
	slices.Sort(k.Names)
	return k
}

// entriesText is one text for all entries, unknown while any is; null when there are none.
func entriesText(ctx context.Context, config *tfsdk.Config) (types.String, diag.Diagnostics) {
	of, bootstrap, diags := configured(ctx, config)
	k := configuredEntries(of, bootstrap)
	switch {
	case diags.HasError():
		return types.StringNull(), diags
	case of.IsUnknown() || len(k.Values) < len(k.Names):
		return types.StringUnknown(), diags
	case len(k.Names) == 0:
		return types.StringNull(), diags
	}
	values := map[string]string{}
	for name, value := range k.Values {
		values[name] = string(value)
	}
	text, err := json.Marshal(values)
	if err != nil {
		diags.AddError("Unable to read the entries of the keystore", err.Error())
	}
	return types.StringValue(string(text)), diags
}

// keystore are the entries that the host shall have: with their values while there is a configuration.
func (m *Model) keystore(ctx context.Context, c hostresource.Context) (elasticsearch.Keystore, diag.Diagnostics) {
	k := elasticsearch.Keystore{Revision: m.KeystoreRevision.ValueString()}
	if m.KeystoreRevision.IsUnknown() {
		k.Revision = hostresource.Unknown
	}
	k.Names, _ = stringsOf(m.KeystoreEntries)
	if c.Config == nil {
		return k, nil
	}
	of, bootstrap, diags := configured(ctx, c.Config)
	k.Values = configuredEntries(of, bootstrap).Values
	return k, diags
}

// planEntries plans names and revision of the entries. With other names than before all are written, whatever their version.
func planEntries(ctx context.Context, prior, plan *Model, c hostresource.Context) diag.Diagnostics {
	of, bootstrap, diags := configured(ctx, c.Config)
	names := stringSet(configuredEntries(of, bootstrap).Names)
	var before secret.Prior
	if prior != nil && !of.IsUnknown() && names.Equal(prior.KeystoreEntries) {
		before = secret.Prior{Revision: prior.KeystoreRevision, Facts: prior.Effective}
	}
	revision, more := entries.Plan(ctx, before, c)
	diags.Append(more...)
	plan.KeystoreRevision, plan.KeystoreEntries = revision, names
	if of.IsUnknown() || bootstrap.IsUnknown() && revision.IsUnknown() { // which may be null yet
		plan.KeystoreEntries = types.SetUnknown(types.StringType)
	}
	return diags
}

// stringSet is a set of texts; there is none without any.
func stringSet(texts []string) types.Set {
	if len(texts) == 0 {
		return types.SetNull(types.StringType)
	}
	elements := make([]attr.Value, len(texts))
	for i, text := range texts {
		elements[i] = types.StringValue(text)
	}
	return types.SetValueMust(types.StringType, elements)
}
