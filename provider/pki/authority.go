package pki

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// AuthorityType is the type of the resource.
const AuthorityType = "flowstack_certificate_authority"

// Authority is the resource in Terraform's terms.
type Authority struct {
	hostresource.Common
	Subject
	Validity
	Name           types.String `tfsdk:"name"`
	Directory      types.String `tfsdk:"directory"`
	Rollover       types.String `tfsdk:"rollover"`
	OwnCertificate types.String `tfsdk:"own_certificate"`
	OwnPrivateKey  types.String `tfsdk:"own_private_key_wo"`
	Certificate    types.String `tfsdk:"certificate"`
	Certificates   types.String `tfsdk:"certificates"`
	Generation     types.Int64  `tfsdk:"generation"`
	Phase          types.String `tfsdk:"phase"`
	Generations    types.List   `tfsdk:"generations"`
}

// NewAuthority makes the resource.
var NewAuthority = hostresource.New[Authority, *Authority](hostresource.Kind[Authority]{
	Type:        AuthorityType,
	Thing:       "certificate authority",
	Description: authorityDescription,
	Attributes:  authorityAttributes(),
	Name:        func(m *Authority) *types.String { return &m.Name },
	DefaultName: "default",
	Validate:    validateAuthority,
	Plan:        planAuthority,
	Prepare:     prepareAuthority,
	Desired:     desiredAuthority,
	Import:      importAuthority,
	Observe:     observeAuthority,
})

// Files of an authority in its directory.
const (
	generationsFile = "generations"
	registerFile    = "issued"
	rootDirectory   = "/etc/flowstack"
	authorities     = rootDirectory + "/pki"
)

func keyFile(directory string, generation int) string {
	return path.Join(directory, "ca-"+strconv.Itoa(generation)+".key")
}

func certificateFile(directory string, generation int) string {
	return path.Join(directory, "ca-"+strconv.Itoa(generation)+".crt")
}

func validateAuthority(_ context.Context, m *Authority) diag.Diagnostics {
	diags := m.validate()
	if !m.Directory.IsNull() && !m.Directory.IsUnknown() {
		if err := host.ValidPath(m.Directory.ValueString()); err != nil {
			diags.AddAttributeError(tfpath.Root("directory"), "Unable to use the directory", connection.Explain(err)+".")
		}
	}
	if m.OwnCertificate.IsNull() || m.OwnCertificate.IsUnknown() {
		return diags
	}
	chain, err := pki.ParseChain([]byte(m.OwnCertificate.ValueString()))
	if err == nil {
		err = pki.CheckAuthority(chain)
	}
	if err != nil {
		diags.AddAttributeError(tfpath.Root("own_certificate"), "Unable to use the certificate of the authority", connection.Explain(err)+".")
		return diags
	}
	if m.OwnPrivateKey.IsNull() || m.OwnPrivateKey.IsUnknown() {
		return diags
	}
	_, public, err := pki.NormalizeKey([]byte(m.OwnPrivateKey.ValueString()))
	if err == nil && !host.SameKey(public, chain[0].PublicKey) {
		err = fmt.Errorf("it is not that of own_certificate (%s)", chain[0].Subject)
	}
	if err != nil {
		diags.AddAttributeError(tfpath.Root("own_private_key_wo"), "Unable to use the private key of the authority", connection.Explain(err)+".")
	}
	return diags
}

// generations are those of the model; known is false while it is not known how many there are.
func (m *Authority) generations() (generations []pki.Generation, known bool) {
	if m.Generations.IsUnknown() {
		return nil, false
	}
	for _, element := range m.Generations.Elements() {
		attributes := element.(types.Object).Attributes()                                     //nolint:forcetypeassert // of the schema
		number, role := attributes["number"].(types.Int64), attributes["role"].(types.String) //nolint:forcetypeassert // as above
		g := pki.Generation{Number: int(number.ValueInt64()), Role: pki.Role(role.ValueString())}
		if text := attributes["certificate"].(types.String); !text.IsNull() && !text.IsUnknown() { //nolint:forcetypeassert // as above
			g.Certificate = []byte(text.ValueString())
		}
		generations = append(generations, g)
	}
	return generations, true
}

// setGenerations sets the generations and all that follows from them. Unmade is what stands for a certificate that is not made.
func (m *Authority) setGenerations(generations []pki.Generation, unmade types.String) {
	elements := make([]attr.Value, len(generations))
	var trusted []byte
	complete := true
	for i, g := range generations {
		certificate, end, fingerprint := unmade, unmade, unmade
		if chain := parse(stringValue(g.Certificate)); chain != nil {
			var v Validity
			v.describe(chain[0], false)
			certificate, end, fingerprint = types.StringValue(string(g.Certificate)), v.NotAfter, v.Fingerprint
			trusted = append(trusted, pki.EncodeChain(chain...)...)
		} else {
			complete = false
		}
		elements[i] = types.ObjectValueMust(generationType.AttrTypes, map[string]attr.Value{
			"number": types.Int64Value(int64(g.Number)), "role": types.StringValue(string(g.Role)),
			"certificate": certificate, "not_after": end, "fingerprint": fingerprint,
		})
	}
	m.Generations = types.ListValueMust(generationType, elements)
	m.Phase = types.StringValue(string(pki.PhaseOf(generations)))
	m.Certificates = unmade
	if complete {
		m.Certificates = types.StringValue(string(trusted))
	}
	m.Certificate, m.NotAfter, m.Fingerprint = unmade, unmade, unmade
	if !m.applying {
		m.ReadyForRenewal = types.BoolValue(false)
	}
	if signing := pki.Find(generations, pki.Signing); signing != nil {
		m.Generation = types.Int64Value(int64(signing.Number))
		if chain := parse(stringValue(signing.Certificate)); chain != nil {
			m.Certificate = types.StringValue(string(signing.Certificate))
			// One of ours that is due is not so any more once a rollover is planned.
			m.describe(chain[0], (m.own() != nil || pki.PhaseOf(generations) == pki.Steady) && pki.Due(chain[0], m.early()))
		}
	}
}

// undecided is a plan that cannot tell yet which generations there will be.
func (m *Authority) undecided() {
	m.Generations, m.Generation = types.ListUnknown(generationType), types.Int64Unknown()
	m.Certificate, m.Certificates, m.Phase = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	m.undescribed()
	m.ReadyForRenewal = types.BoolUnknown()
}

func planAuthority(ctx context.Context, prior, plan *Authority, c hostresource.Context) diag.Diagnostics {
	if diags := plan.validate(); diags.HasError() { // with the defaults
		return diags
	}
	if plan.Directory.IsUnknown() && !plan.Name.IsUnknown() {
		plan.Directory = types.StringValue(path.Join(authorities, plan.Name.ValueString()))
	}
	if plan.CommonName.IsUnknown() && !plan.Host.IsUnknown() && !plan.Name.IsUnknown() {
		plan.CommonName = types.StringValue(atMost(maxCommonName, "flowstack authority "+plan.Name.ValueString()+" of "+plan.Host.ValueString()))
	}
	if !plan.known() || plan.OwnCertificate.IsUnknown() || plan.Rollover.IsUnknown() || plan.EarlyRenewalDays.IsUnknown() {
		plan.undecided()
		return nil
	}
	generations, diags := nextGenerations(ctx, prior, plan, c)
	if diags.HasError() {
		return diags
	}
	plan.setGenerations(generations, types.StringUnknown())
	if plan.ReadyForRenewal.ValueBool() {
		diags.AddAttributeWarning(tfpath.Root("own_certificate"), "The certificate authority ends soon", fmt.Sprintf("Its certificate ends on %s. Give the next one in "+
			"time: hosts need three applies to go over to it.", plan.NotAfter.ValueString()))
	}
	return diags
}

// prepareAuthority decides what a plan could not.
func prepareAuthority(ctx context.Context, plan *Authority, c hostresource.Context) diag.Diagnostics {
	plan.applying = true
	if plan.Directory.IsUnknown() || plan.CommonName.IsUnknown() || plan.Generations.IsUnknown() {
		prior, _ := c.Prior.(*Authority)
		return planAuthority(ctx, prior, plan, c)
	}
	return nil
}

// own is the user's own certificate; nil: there is none.
func (m *Authority) own() []byte {
	if m.OwnCertificate.IsNull() {
		return nil
	}
	return pki.EncodeChain(parse(m.OwnCertificate)...)
}

func desiredAuthority(ctx context.Context, m *Authority, c hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if m.Directory.IsNull() { // just after an import
		m.Directory = types.StringValue(path.Join(authorities, m.Name.ValueString()))
	}
	generations, known := m.generations()
	if !known || m.Directory.IsUnknown() {
		return nil, false, nil
	}
	directory := m.Directory.ValueString()
	roles := host.File{Path: path.Join(directory, generationsFile), Content: pki.EncodeRoles(generations), Format: pki.RolesFormat{}}
	if len(generations) == 0 {
		return host.Desired{roles}, true, nil
	}
	desired := host.Desired{}
	if strings.HasPrefix(directory, authorities+"/") {
		desired = append(desired, host.Directory{Path: rootDirectory, Own: true}, host.Directory{Path: authorities, Own: true})
	}
	desired = append(desired, host.Directory{Path: directory})
	for _, g := range generations {
		pair, diags := m.pair(ctx, g, c)
		if diags.HasError() {
			return nil, false, diags
		}
		desired = append(desired, pair)
	}
	return append(desired, roles, host.Register{Path: path.Join(directory, registerFile)}), true, nil
}

// pair is a generation on the host.
func (m *Authority) pair(ctx context.Context, g pki.Generation, c hostresource.Context) (host.KeyPair, diag.Diagnostics) {
	directory := m.Directory.ValueString()
	certifier := pki.Certifier{
		Known: g.Certificate, SelfSigned: true,
		Remedy: "Put the private key " + keyFile(directory, g.Number) + " back from a backup, or replace the authority (terraform apply -replace): every host then needs a certificate of the new one",
		Spec:   pki.Spec{Subject: m.name(), Validity: m.valid()},
	}
	certifier.Issue = certifier.SelfSign
	pair := host.KeyPair{
		Key: keyFile(directory, g.Number), Certificate: certificateFile(directory, g.Number), Certifier: certifier, Foreign: c.Creating,
	}
	if g.Certificate == nil {
		pair.Algorithm = m.KeyAlgorithm.ValueString()
		return pair, nil
	}
	if chain := parse(stringValue(g.Certificate)); slices.Contains(host.KeyAlgorithms(), host.KeyAlgorithmOf(chain[0].PublicKey)) {
		pair.Algorithm = host.KeyAlgorithmOf(chain[0].PublicKey)
	}
	if c.Config == nil || string(g.Certificate) != string(m.own()) {
		return pair, nil
	}
	var key types.String
	diags := c.Config.GetAttribute(ctx, tfpath.Root("own_private_key_wo"), &key)
	if diags.HasError() || key.IsNull() || key.IsUnknown() {
		return pair, diags
	}
	normal, _, err := pki.NormalizeKey([]byte(key.ValueString()))
	if err != nil {
		diags.AddAttributeError(tfpath.Root("own_private_key_wo"), "Unable to use the private key of the authority", connection.Explain(err)+".")
	}
	pair.Given = normal
	return pair, diags
}

// importAuthority takes the generations from their file, and then the subject from the certificate that signs.
func importAuthority(_ context.Context, m *Authority, facts host.Facts) diag.Diagnostics {
	var diags diag.Diagnostics
	file := host.File{Path: path.Join(m.Directory.ValueString(), generationsFile)}
	generations, err := pki.ParseRoles(func(name string) string { return facts[file.ID()+": "+name] })
	if err != nil {
		diags.AddError("Unable to import the certificate authority", file.Path+": "+err.Error()+".")
		return diags
	}
	m.setGenerations(generations, types.StringNull())
	return diags
}

func observeAuthority(_ context.Context, m *Authority, seen host.Observation) diag.Diagnostics {
	generations, known := m.generations()
	if !known {
		m.setGenerations(nil, types.StringNull())
		return nil
	}
	for i, g := range generations {
		if g.Certificate != nil {
			continue
		}
		pair := host.KeyPair{Key: keyFile(m.Directory.ValueString(), g.Number), Certificate: certificateFile(m.Directory.ValueString(), g.Number), Certifier: pki.Certifier{}}
		content := pair.Noted(seen.Notes)
		if chain := parse(types.StringValue(content)); chain != nil {
			generations[i].Certificate = []byte(content)
			if m.CommonName.IsNull() { // imported
				m.imported(chain[0].Subject)
				m.KeyAlgorithm = types.StringValue(host.KeyAlgorithmOf(chain[0].PublicKey))
			}
		}
	}
	m.setGenerations(generations, types.StringNull())
	return nil
}
