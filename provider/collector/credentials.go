package collector

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/flowcollector"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// verifier recognises a secret without containing it: a salted, slow hash. Private state keeps it.
type verifier struct {
	Revision   string `json:"revision"` // shown to people; random
	Salt       []byte `json:"salt"`
	Hash       []byte `json:"hash"`
	Iterations int    `json:"iterations"`
}

// standardIterations of PBKDF2 with HMAC-SHA-256: OWASP's recommendation, a fraction of a second.
const standardIterations = 600_000

var iterations = standardIterations // less in tests, which the race detector makes slow

func newVerifier(secret string) (*verifier, error) {
	random := make([]byte, 16+4)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	v := &verifier{Revision: hex.EncodeToString(random[16:]), Salt: random[:16], Iterations: iterations}
	var err error
	v.Hash, err = pbkdf2.Key(sha256.New, secret, v.Salt, v.Iterations, sha256.Size)
	return v, err
}

// matches tells whether content is the secret. A nil verifier knows none.
func (v *verifier) matches(content []byte) bool {
	if v == nil || len(v.Hash) == 0 {
		return false
	}
	hash, err := pbkdf2.Key(sha256.New, string(content), v.Salt, v.Iterations, len(v.Hash))
	return err == nil && subtle.ConstantTimeCompare(hash, v.Hash) == 1
}

// verifierKey is where private state keeps the verifier.
const verifierKey = "elasticsearch_password"

// load reads the verifier; it is nil when there is none.
func load(ctx context.Context, private hostresource.Private) (*verifier, diag.Diagnostics) {
	data, diags := private.GetKey(ctx, verifierKey)
	if diags.HasError() || len(data) == 0 {
		return nil, diags
	}
	var v *verifier
	if err := json.Unmarshal(data, &v); err != nil {
		diags.AddError("Unable to read the private state", fmt.Sprintf("The hash of the Elasticsearch password: %v", err))
		return nil, diags
	}
	return v, diags
}

// save keeps a verifier; nil forgets it.
func save(ctx context.Context, private hostresource.Private, v *verifier) diag.Diagnostics {
	data, err := json.Marshal(v)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to write the private state", err.Error())}
	}
	return private.SetKey(ctx, verifierKey, data)
}

// configured is the password in the configuration; null when there is none or no configuration.
func configured(ctx context.Context, c hostresource.Context) (types.String, diag.Diagnostics) {
	password := types.StringNull()
	if c.Config == nil {
		return password, nil
	}
	diags := c.Config.GetAttribute(ctx, path.Root("elasticsearch_password_wo"), &password)
	return password, diags
}

// planCredentials plans a new revision when the configured password is not the one of the verifier. The password itself never gets into
// the plan.
func planCredentials(ctx context.Context, prior, plan *Model, c hostresource.Context) diag.Diagnostics {
	password, diags := configured(ctx, c)
	known, more := load(ctx, c.Private)
	if diags.Append(more...); diags.HasError() {
		return diags
	}
	switch {
	case password.IsNull():
		plan.CredentialsRevision = types.StringNull()
	case prior != nil && !prior.CredentialsRevision.IsNull() && !password.IsUnknown() && known.matches([]byte(password.ValueString())):
		plan.CredentialsRevision = prior.CredentialsRevision
	default:
		plan.CredentialsRevision = types.StringUnknown()
	}
	return diags
}

// prepareCredentials settles the revision and makes the verifier of a new password.
func prepareCredentials(ctx context.Context, plan *Model, c hostresource.Context) diag.Diagnostics {
	password, diags := configured(ctx, c)
	v, more := load(ctx, c.Private)
	if diags.Append(more...); diags.HasError() {
		return diags
	}
	if password.IsNull() {
		if v != nil {
			diags.Append(save(ctx, c.Private, nil)...)
		}
		return diags
	}
	if !v.matches([]byte(password.ValueString())) {
		var err error
		if v, err = newVerifier(password.ValueString()); err != nil {
			diags.AddError("Unable to hash the Elasticsearch password", err.Error())
			return diags
		}
		// An ephemeral password may be another one in the apply than in the plan, which then stands.
		if !plan.CredentialsRevision.IsUnknown() {
			v.Revision = plan.CredentialsRevision.ValueString()
		}
		diags.Append(save(ctx, c.Private, v)...)
	}
	if plan.CredentialsRevision.IsUnknown() {
		plan.CredentialsRevision = types.StringValue(v.Revision)
	}
	return diags
}

// credential is what the host shall have: with its content while there is a configuration, else only recognised.
func (m *Model) credential(ctx context.Context, c hostresource.Context) (*flowcollector.Credential, diag.Diagnostics) {
	revision := m.CredentialsRevision.ValueString()
	if m.CredentialsRevision.IsUnknown() {
		revision = hostresource.Unknown
	}
	if c.Config == nil {
		if m.CredentialsRevision.IsNull() {
			return nil, nil
		}
		v, diags := load(ctx, c.Private)
		return &flowcollector.Credential{Revision: revision, Verify: v.matches}, diags
	}
	password, diags := configured(ctx, c)
	if password.IsNull() {
		return nil, diags
	}
	return &flowcollector.Credential{Revision: revision, Content: []byte(password.ValueString())}, diags
}
