package elasticsecurity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// APIKeyType is the type of the resource and of the ephemeral resource for API keys.
const APIKeyType = "flowstack_elasticsearch_api_key"

// APIKeyModel is an API key in Terraform's terms. Its secret is in a file on a host and nowhere else.
type APIKeyModel struct {
	elasticresource.Common
	Privileges
	Name        types.String `tfsdk:"name"`
	Host        types.String `tfsdk:"host"`
	File        types.String `tfsdk:"file"`
	Expiration  types.String `tfsdk:"expiration"`
	RenewBefore types.String `tfsdk:"renew_before"`
	KeyID       types.String `tfsdk:"key_id"`
	ExpiresAt   types.String `tfsdk:"expires_at"`
}

// apiKey is a key with the file it is in.
type apiKey struct {
	security.APIKey
	may  security.Role // what it was made for, which nobody can read
	file host.Facts
}

// NewAPIKey makes the resource.
var NewAPIKey = elasticresource.New[APIKeyModel, apiKey, *APIKeyModel](elasticresource.Kind[APIKeyModel, apiKey]{
	Type:        APIKeyType,
	Thing:       "Elasticsearch API key",
	Description: apiKeyDescription,
	Privileges:  []string{"manage_api_key"},
	Attributes:  withPrivileges(apiKeyAttributes, "its holder"),
	Name:        func(m *APIKeyModel) *types.String { return &m.Name },
	NotImported: "Nobody can read the secret of a key that is there already. Let the resource make one of its own, and invalidate the other.",
	Validate:    validateAPIKey,
	Plan:        planAPIKey,
	Desired:     desiredAPIKey,
	Facts:       apiKeyFacts,
	Read:        readAPIKey,
	Write:       writeAPIKey,
	Remove:      removeAPIKey,
	Observe: func(_ context.Context, m *APIKeyModel, found apiKey) diag.Diagnostics {
		if found.ID != invalid {
			m.KeyID, m.ExpiresAt = types.StringValue(found.ID), types.StringValue(expiry(found.APIKey))
		}
		return nil
	},
})

// invalid is the fact of a key that is not in force any more, though its file has it.
const invalid = "invalid"

// now is another time in tests.
var now = time.Now

func validateAPIKey(_ context.Context, m *APIKeyModel) diag.Diagnostics {
	diags := m.validate()
	diags.Append(m.some()...)
	validity, known := period(m.Expiration)
	renew, also := period(m.RenewBefore)
	switch {
	case m.RenewBefore.IsNull():
	case m.Expiration.IsNull():
		diags.AddAttributeError(path.Root("renew_before"), "Unable to renew the API key", "One without expiration never ends.")
	case known && also && renew >= validity:
		diags.AddAttributeError(path.Root("renew_before"), "Unable to renew the API key", "It must be less than the expiration, or each apply makes a new key.")
	}
	return diags
}

// planAPIKey plans a new key when there is none that does: a key cannot be changed.
func planAPIKey(ctx context.Context, prior, plan *APIKeyModel, c elasticresource.Context) (diags diag.Diagnostics) {
	if plan.Host.IsUnknown() && c.Home != nil {
		plan.Host = types.StringValue(c.Home.Name)
	}
	plan.KeyID, plan.ExpiresAt = types.StringUnknown(), types.StringUnknown()
	if prior == nil {
		return nil
	}
	want, known, diags := desiredAPIKey(ctx, &APIKeyModel{
		Privileges: plan.Privileges, Name: plan.Name, Host: plan.Host, File: plan.File, Expiration: plan.Expiration, KeyID: prior.KeyID, ExpiresAt: prior.ExpiresAt,
	}, c)
	if diags.HasError() || !known || !prior.Expiration.Equal(plan.Expiration) || due(prior.ExpiresAt.ValueString(), plan) {
		return diags
	}
	for name, value := range apiKeyFacts(want) {
		if got := prior.Effective.Elements()[name]; !types.StringValue(value).Equal(got) && !repairable(name) {
			return diags
		}
	}
	if len(prior.Effective.Elements()) == len(apiKeyFacts(want)) {
		plan.KeyID, plan.ExpiresAt = prior.KeyID, prior.ExpiresAt
	}
	return diags
}

// repairable tells whether a fact can be set right without a new key: mode and owner of the file.
func repairable(fact string) bool {
	return strings.HasSuffix(fact, ": mode") || strings.HasSuffix(fact, ": owner")
}

// due tells whether a key ends so soon that it is to be replaced now.
func due(expires string, plan *APIKeyModel) bool {
	ends, err := time.Parse(time.RFC3339, expires)
	if err != nil {
		return false // never
	}
	validity, _ := period(plan.Expiration)
	renew, given := period(plan.RenewBefore)
	if !given || renew == 0 {
		renew = validity / 4
	}
	return !now().Add(renew).Before(ends)
}

func desiredAPIKey(ctx context.Context, m *APIKeyModel, _ elasticresource.Context) (want apiKey, known bool, diags diag.Diagnostics) {
	want.may, known, diags = m.role(ctx)
	if !known || diags.HasError() || m.Name.IsUnknown() || m.Host.IsUnknown() || m.File.IsUnknown() || m.Expiration.IsUnknown() {
		return want, false, diags
	}
	want.Name = m.Name.ValueString()
	want.ID = m.KeyID.ValueString()
	if m.KeyID.IsUnknown() {
		want.ID = hostresource.Unknown
	}
	if at, err := time.Parse(time.RFC3339, m.ExpiresAt.ValueString()); err == nil {
		want.Expiration = at.UnixMilli()
	}
	want.file = host.Desired{keyFile(m, want.ID, nil)}.Facts()
	return want, true, diags
}

func apiKeyFacts(key apiKey) host.Facts {
	facts := key.may.Facts()
	for name, value := range key.file {
		facts[name] = value
	}
	facts["key"], facts["name"] = key.ID, key.Name
	return facts
}

func expiry(key security.APIKey) string {
	if key.Expires().IsZero() {
		return "never"
	}
	return key.Expires().Format(time.RFC3339)
}

// keyFile is the file that a key is in. Verify sees what is there; nil is for a plan.
func keyFile(m *APIKeyModel, id string, verify func(content []byte) bool) host.File {
	return host.File{Path: m.File.ValueString(), Mode: 0o600, Secret: true, SecretRevision: id, Verify: verify, Foreign: true}
}

// on is the host that has the file.
func on(m *APIKeyModel, c elasticresource.Context) (*connection.Host, error) {
	if c.Hosts == nil || m.Host.IsUnknown() {
		return nil, client.Conclude(errors.New("the host of the file is not known"))
	}
	at, err := c.Hosts.Lookup(m.Host.ValueString())
	if err != nil {
		return nil, client.Conclude(err)
	}
	return at, nil
}

func readAPIKey(ctx context.Context, m *APIKeyModel, c elasticresource.Context) (found apiKey, there bool, err error) {
	id := m.KeyID.ValueString()
	if id == "" {
		return found, false, nil
	}
	found.APIKey, there, err = security.GetAPIKey(ctx, c.Client, id)
	if err != nil {
		return found, false, err
	}
	dead := !there || found.Invalidated || ended(found.APIKey)
	found.may, _, _ = m.role(ctx)
	at, err := on(m, c)
	if err != nil {
		return found, false, err
	}
	var credentials string
	file := keyFile(m, id, func(content []byte) bool {
		credentials = string(content)
		return strings.HasPrefix(credentials, id+":")
	})
	seen, err := host.Probe(ctx, at, host.Desired{file})
	if asked := new(connection.Error); err != nil && !errors.As(err, &asked) {
		err = client.Conclude(err)
	}
	if err != nil {
		return found, false, err
	}
	found.file = seen.Facts
	content := file.ID() + ": content"
	if found.file[content] != id {
		return found, !dead, nil
	}
	if dead { // what is left of it is the file
		found.ID = invalid
		return found, true, nil
	}
	accepted, err := security.AcceptsAPIKey(ctx, c.Client, credentials)
	if err == nil && !accepted {
		found.file[content] = different
	}
	return found, true, err
}

func ended(key security.APIKey) bool {
	return !key.Expires().IsZero() && !now().Before(key.Expires())
}

// writeAPIKey makes a key and puts it into its file; then the ones before end. Whoever reads the file always finds one that is in force.
func writeAPIKey(ctx context.Context, change elasticresource.Change[APIKeyModel, apiKey]) error {
	plan, prior := change.Plan, change.Prior
	at, err := on(plan, change.Context)
	if err != nil {
		return err
	}
	if change.There { // only mode or owner of the file
		_, err := host.Apply(ctx, at, host.Desired{keyFile(plan, change.Found.ID, holds(change.Found.ID))})
		return err
	}
	name, place := plan.Name.ValueString(), place(ctx, at, plan)
	former, err := security.APIKeysAt(ctx, change.Client, name, place)
	if err != nil {
		return err
	}
	moved := prior != nil && (!prior.File.Equal(plan.File) || !prior.Host.Equal(plan.Host))
	if prior != nil {
		former = append(former, prior.KeyID.ValueString())
	}
	if prior == nil || moved {
		if err := free(ctx, at, plan, former); err != nil {
			return err
		}
	}
	validity, _ := period(plan.Expiration)
	made, err := security.CreateAPIKey(ctx, change.Client, name, place, change.Want.may, validity)
	if err != nil {
		return err
	}
	plan.KeyID = types.StringValue(made.ID)
	file := keyFile(plan, made.ID, nil)
	file.Content, file.Foreign = []byte(made.Credentials()), false
	if _, err := host.Apply(ctx, at, host.Desired{file}); err != nil {
		return errors.Join(err, security.InvalidateAPIKeys(ctx, change.Client, made.ID))
	}
	if err := security.InvalidateAPIKeys(ctx, change.Client, former...); err != nil {
		return fmt.Errorf("the key before: %w", err)
	}
	if moved {
		return removeFile(ctx, prior, change.Context)
	}
	return nil
}

// place names the file among all of all hosts, in the metadata of its key. The id of a machine is not for others to know.
func place(ctx context.Context, at *connection.Host, m *APIKeyModel) string {
	machine, err := at.Read(ctx, "/etc/machine-id")
	if err != nil {
		machine = []byte(at.Name) // a host without
	}
	sum := sha256.Sum256([]byte("flowstack " + strings.TrimSpace(string(machine)) + " " + m.File.ValueString()))
	return hex.EncodeToString(sum[:8])
}

// holds recognises the content of a file that has a key of one of these ids.
func holds(ids ...string) func(content []byte) bool {
	return func(content []byte) bool {
		id, _, isKey := strings.Cut(string(content), ":")
		return isKey && slices.Contains(ids, id)
	}
}

// free refuses a file that has something else than one of our keys.
func free(ctx context.Context, at *connection.Host, m *APIKeyModel, keys []string) error {
	file := keyFile(m, "ours", holds(keys...))
	seen, err := host.Probe(ctx, at, host.Desired{file})
	if err != nil {
		return err
	}
	if seen.Facts[file.ID()] != host.Absent && seen.Facts[file.ID()+": content"] != file.SecretRevision {
		return fmt.Errorf("%s of host %s has something else than a key that flowstack put there: remove it, or choose another file", file.Path, at.Name)
	}
	return nil
}

func removeAPIKey(ctx context.Context, m *APIKeyModel, c elasticresource.Context) error {
	at, err := on(m, c)
	if err != nil {
		return err
	}
	keys, err := security.APIKeysAt(ctx, c.Client, m.Name.ValueString(), place(ctx, at, m))
	if err != nil {
		return err
	}
	if id := m.KeyID.ValueString(); id != "" && !slices.Contains(keys, id) {
		keys = append(keys, id)
	}
	if err := security.InvalidateAPIKeys(ctx, c.Client, keys...); err != nil {
		return err
	}
	return removeFile(ctx, m, c)
}

// removeFile removes the file, unless somebody has put something else there.
func removeFile(ctx context.Context, m *APIKeyModel, c elasticresource.Context) error {
	at, err := on(m, c)
	if err != nil {
		return err
	}
	id := m.KeyID.ValueString()
	file := keyFile(m, id, holds(id))
	seen, err := host.Probe(ctx, at, host.Desired{file})
	if err != nil || id == "" || seen.Facts[file.ID()+": content"] != id {
		return err
	}
	return host.Remove(ctx, at, host.Desired{file}, host.Before{})
}
