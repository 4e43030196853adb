package pki

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/permissions"
)

// CertificateType is the type of the resource.
const CertificateType = "flowstack_certificate"

// Certificate is the resource in Terraform's terms.
type Certificate struct {
	hostresource.Common
	permissions.Model
	Subject
	Names
	Validity
	KeyPath         types.String `tfsdk:"private_key_path"`
	KeyMode         types.String `tfsdk:"private_key_mode"`
	AuthoritiesPath types.String `tfsdk:"authorities_path"`
	Authority       types.Object `tfsdk:"authority"`
	Certificate     types.String `tfsdk:"certificate"`
	Certificates    types.String `tfsdk:"certificates"`
	Usages          types.Set    `tfsdk:"usages"`
	RotateKey       types.Bool   `tfsdk:"rotate_key"`
}

// NewCertificate makes the resource.
var NewCertificate = hostresource.New[Certificate, *Certificate](hostresource.Kind[Certificate]{
	Type:          CertificateType,
	Thing:         "certificate",
	Description:   certificateDescription,
	Attributes:    certificateAttributes(),
	Name:          func(m *Certificate) *types.String { return &m.Path },
	NameAttribute: "path",
	DefaultName:   DefaultPath,
	Validate:      validateCertificate,
	Plan:          planCertificate,
	Prepare:       prepareCertificate,
	Desired:       desiredCertificate,
	Import:        importCertificate,
	Observe:       observeCertificate,
})

// reference is the authority of a certificate.
type reference struct {
	Host         types.String `tfsdk:"host"`
	Directory    types.String `tfsdk:"directory"`
	Generation   types.Int64  `tfsdk:"generation"`
	Certificate  types.String `tfsdk:"certificate"`
	Certificates types.String `tfsdk:"certificates"`
}

// authority reads the reference; nil: somebody else issues the certificate. Unknown parts stay unknown.
func (m *Certificate) authority(ctx context.Context) *reference {
	unknown := &reference{types.StringUnknown(), types.StringUnknown(), types.Int64Unknown(), types.StringUnknown(), types.StringUnknown()}
	switch {
	case m.Authority.IsNull():
		return nil
	case m.Authority.IsUnknown():
		return unknown
	}
	var r reference
	if m.Authority.As(ctx, &r, basetypes.ObjectAsOptions{}).HasError() {
		return unknown
	}
	return &r
}

func validateCertificate(_ context.Context, m *Certificate) diag.Diagnostics {
	diags := m.Validate("certificate")
	diags.Append(m.Names.validate()...)
	diags.Append(m.Validity.validate()...)
	refuse := func(attribute, summary string, err error) {
		if err != nil {
			diags.AddAttributeError(tfpath.Root(attribute), summary, connection.Explain(err)+".")
		}
	}
	for attribute, value := range map[string]types.String{"private_key_path": m.KeyPath, "authorities_path": m.AuthoritiesPath} {
		if !value.IsNull() && !value.IsUnknown() {
			refuse(attribute, "Unable to use the path", host.ValidPath(value.ValueString()))
		}
	}
	if !m.KeyMode.IsNull() && !m.KeyMode.IsUnknown() {
		mode, err := host.ParseMode(m.KeyMode.ValueString())
		if err == nil && mode&0o007 != 0 {
			err = fmt.Errorf("with mode %s everybody on the host may use the private key", m.KeyMode.ValueString())
		}
		refuse("private_key_mode", "Unable to set the mode of the private key", err)
	}
	for attribute, value := range map[string]types.String{"certificate": m.Certificate, "certificates": m.Certificates} {
		if !value.IsNull() && !value.IsUnknown() {
			_, err := pki.ParseChain([]byte(value.ValueString()))
			refuse(attribute, "Unable to use the "+attribute, err)
		}
	}
	return diags
}

// beside is a path beside another one: its suffix .crt, if it has that, gives way to another one.
func beside(file, suffix string) types.String {
	return types.StringValue(strings.TrimSuffix(file, ".crt") + suffix)
}

// settlePaths sets what follows from other attributes.
func (m *Certificate) settlePaths() {
	if file := m.Path.ValueString(); !m.Path.IsUnknown() {
		if m.KeyPath.IsUnknown() || m.KeyPath.IsNull() {
			m.KeyPath = beside(file, ".key")
		}
		if m.AuthoritiesPath.IsUnknown() || m.AuthoritiesPath.IsNull() {
			m.AuthoritiesPath = beside(file, "-ca.crt")
		}
	}
	if m.CommonName.IsUnknown() && !m.Host.IsUnknown() {
		m.CommonName = types.StringValue(atMost(maxCommonName, m.Host.ValueString()))
	}
}

func planCertificate(ctx context.Context, prior, plan *Certificate, c hostresource.Context) diag.Diagnostics {
	plan.settlePaths()
	if diags := plan.Validity.validate(); diags.HasError() { // with the defaults
		return diags
	}
	var mode, given, trusted types.String
	diags := c.Config.GetAttribute(ctx, tfpath.Root("private_key_mode"), &mode)
	diags.Append(c.Config.GetAttribute(ctx, tfpath.Root("certificate"), &given)...)
	diags.Append(c.Config.GetAttribute(ctx, tfpath.Root("certificates"), &trusted)...)
	if plan.KeyMode = mode; mode.IsNull() && !plan.Group.IsUnknown() {
		plan.KeyMode = types.StringValue("0600")
		if plan.Group.ValueString() != "root" {
			plan.KeyMode = types.StringValue("0640")
		}
	}
	var names *Names
	if prior != nil {
		names = &prior.Names
	}
	diags.Append(plan.decide(ctx, names, c, plan.applying)...)
	authority := plan.authority(ctx)
	if plan.Certificates = trusted; trusted.IsNull() && authority != nil {
		plan.Certificates = authority.Certificates
	}
	if diags.HasError() {
		return diags
	}
	if authority == nil {
		diags.Append(plan.planGiven(prior, given)...)
		return diags
	}
	plan.Certificate = types.StringUnknown()
	if prior != nil && plan.stays(prior, authority) {
		plan.Certificate = prior.Certificate
	}
	plan.describeCertificate()
	if plan.ReadyForRenewal.ValueBool() { // and it stays all the same
		diags.AddAttributeWarning(tfpath.Root("authority"), "The certificate of the host ends soon", fmt.Sprintf("It ends on %s together with its authority, and cannot be renewed "+
			"beyond that. Replace the authority, see its attribute rollover.", plan.NotAfter.ValueString()))
	}
	return diags
}

// describeCertificate sets what there is to know of the planned certificate.
func (m *Certificate) describeCertificate() {
	m.undescribed()
	if chain := parse(m.Certificate); chain != nil {
		m.describe(chain[0], pki.Due(chain[0], m.early()))
	}
}

// stays tells whether the certificate of the state is as good as a new one.
func (m *Certificate) stays(prior *Certificate, authority *reference) bool {
	chain, issuer := parse(prior.Certificate), parse(authority.Certificate)
	spec, known := m.spec()
	switch {
	case chain == nil, issuer == nil, !known:
		return false
	case chain[0].CheckSignatureFrom(issuer[0]) != nil, !spec.Says(chain[0]), host.KeyAlgorithmOf(chain[0].PublicKey) != m.KeyAlgorithm.ValueString():
		return false
	case pki.Due(chain[0], m.early()) && !pki.EndsWith(chain[0], issuer[0]), pki.Validity(chain[0], 0) != pki.Valid:
		return false
	}
	// What a refresh has seen of the key: without its own the certificate is of no use.
	fact := m.pair(pki.Certifier{}).KeyFact("public key")
	seen, known := prior.Facts()[fact]
	return !known || seen == host.KeyFingerprint(chain[0].PublicKey)
}

// planGiven plans a certificate that somebody else has issued. What is wrong with a new one is an error; with one that is in use already, a warning.
func (m *Certificate) planGiven(prior *Certificate, given types.String) diag.Diagnostics {
	var diags diag.Diagnostics
	m.Certificate = given
	m.describeCertificate()
	chain := parse(given)
	if chain == nil {
		m.ReadyForRenewal = types.BoolUnknown()
		return nil
	}
	names, addresses, known := m.configured()
	if !known {
		return nil
	}
	at, summary := tfpath.Root("certificate"), "Unable to use the certificate that was issued"
	if err := pki.CheckIssued(chain, pki.Spec{DNSNames: pki.SortNames(names), Addresses: pki.SortAddresses(addresses), Usages: m.usages()}); err != nil {
		if prior != nil && prior.Certificate.Equal(given) {
			diags.AddAttributeWarning(at, "The certificate of the host is of no use any more", connection.Explain(err)+".")
		} else {
			diags.AddAttributeError(at, summary, connection.Explain(err)+".")
		}
	} else if pki.Due(chain[0], m.early()) {
		diags.AddAttributeWarning(at, "The certificate of the host ends soon", fmt.Sprintf("It ends on %s. Have it issued anew.", m.NotAfter.ValueString()))
	}
	return diags
}

func prepareCertificate(ctx context.Context, plan *Certificate, c hostresource.Context) diag.Diagnostics {
	plan.applying = true
	prior, _ := c.Prior.(*Certificate)
	_, _, known := plan.all()
	if known && !plan.CommonName.IsUnknown() && !plan.KeyPath.IsUnknown() && !plan.KeyMode.IsUnknown() && !plan.Certificates.IsUnknown() &&
		(!plan.Authority.IsNull() || !plan.Certificate.IsUnknown()) {
		// What the authority would be was perhaps not known in the plan, and is what it was.
		if authority := plan.authority(ctx); authority != nil && plan.Certificate.IsUnknown() && prior != nil && plan.stays(prior, authority) {
			plan.Certificate = prior.Certificate
		}
		return nil
	}
	return planCertificate(ctx, prior, plan, c)
}

func (m *Certificate) usages() []pki.Usage {
	names, _ := hostresource.Strings(m.Usages)
	usages := make([]pki.Usage, len(names))
	for i, name := range names {
		usages[i] = pki.Usage(name)
	}
	return usages
}

// spec is what a certificate that our authority issues says.
func (m *Certificate) spec() (pki.Spec, bool) {
	names, addresses, known := m.all()
	_, usages := hostresource.Strings(m.Usages)
	return pki.Spec{
		Subject: m.name(), DNSNames: names, Addresses: addresses, Usages: m.usages(), Validity: m.valid(),
	}, known && usages && m.known() && !m.ValidityDays.IsUnknown()
}

// pair is the key and the certificate on the host.
func (m *Certificate) pair(certifier host.Certifier) host.KeyPair {
	mode, _ := host.ParseMode(m.KeyMode.ValueString()) // validate has refused what is none
	return host.KeyPair{
		Key: m.KeyPath.ValueString(), KeyMode: mode, Certificate: m.Path.ValueString(), Mode: m.FileMode(), Owner: m.Owner.ValueString(), Group: m.Group.ValueString(),
		Algorithm: m.KeyAlgorithm.ValueString(), Rotate: m.RotateKey.ValueBool(), Certifier: certifier,
	}
}

func desiredCertificate(ctx context.Context, m *Certificate, c hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	m.settlePaths()
	if !m.Known() || m.KeyPath.IsUnknown() || m.KeyMode.IsUnknown() || m.AuthoritiesPath.IsUnknown() || m.KeyAlgorithm.IsUnknown() || m.Certificates.IsUnknown() ||
		m.RotateKey.IsUnknown() || m.Authority.IsNull() && m.Certificate.IsUnknown() {
		return nil, false, nil
	}
	certifier := pki.Certifier{}
	authority := m.authority(ctx)
	if chain := parse(m.Certificate); chain != nil {
		certifier.Known = []byte(m.Certificate.ValueString())
	}
	if authority != nil {
		spec, known := m.spec()
		if !known && certifier.Known == nil {
			return nil, false, nil
		}
		certifier.Spec, certifier.Issuer = spec, parse(authority.Certificate)
		// In an apply the plan has decided: time does not count any more.
		certifier.Clock, certifier.Early = true, m.early()
		if c.Config != nil && certifier.Known != nil {
			certifier.Early = 0
		}
		certifier.Issue = func(ctx context.Context, key crypto.Signer) ([]byte, error) {
			return m.issue(ctx, authority, spec, key, c)
		}
		if prior, ok := c.Prior.(*Certificate); ok {
			certifier.Replaces = prior.Fingerprint.ValueString()
		}
	}
	pair := m.pair(certifier)
	pair.Foreign, pair.Found = c.Creating, authority == nil && !m.imported()
	if pair.Found {
		pair.Algorithm = ""
	}
	desired := host.Desired{}
	if strings.HasPrefix(m.Path.ValueString(), hostDirectory+"/") {
		desired = append(desired, host.Directory{Path: rootDirectory, Own: true}, host.Directory{Path: hostDirectory, Own: true})
	}
	if !m.Certificates.IsNull() { // first: a new certificate may be of an authority that is not trusted yet
		desired = append(desired, host.File{
			Path: m.AuthoritiesPath.ValueString(), Content: []byte(m.Certificates.ValueString()), Format: pki.BundleFormat{},
			Mode: m.FileMode(), Owner: m.Owner.ValueString(), Group: m.Group.ValueString(),
		})
	}
	return append(desired, pair), true, nil
}

// issue lets the authority's host sign a certificate for a key of this host. It is registered before it is anywhere.
func (m *Certificate) issue(ctx context.Context, authority *reference, spec pki.Spec, key crypto.Signer, c hostresource.Context) ([]byte, error) {
	on, err := c.Data.Hosts.Lookup(authority.Host.ValueString())
	if err != nil {
		return nil, fmt.Errorf("the authority's host: %w", err)
	}
	request, err := pki.Request(spec, key)
	if err != nil {
		return nil, err
	}
	signer, err := host.OpenKey(ctx, on, keyFile(authority.Directory.ValueString(), int(authority.Generation.ValueInt64())))
	if err != nil {
		return nil, fmt.Errorf("the authority on host %s: %w", on.Name, err)
	}
	issuer := pki.Authority{Chain: parse(authority.Certificate), Key: signer}
	if issuer.Chain == nil {
		return nil, fmt.Errorf("the authority on host %s has no certificate", on.Name)
	}
	certificate, err := issuer.Issue(request, spec)
	if err != nil {
		return nil, err
	}
	entry := pki.Entry{Host: c.Host.Name, Certificate: m.Path.ValueString(), Authorities: m.AuthoritiesPath.ValueString()}
	if err := host.AddLine(ctx, on, path.Join(authority.Directory.ValueString(), registerFile), entry.Line()); err != nil {
		return nil, fmt.Errorf("the authority on host %s: %w", on.Name, err)
	}
	return pki.EncodeChain(issuer.WithIntermediates(certificate)...), nil
}

// imported tells whether the resource has only just been imported: nothing but its path is known.
func (m *Certificate) imported() bool { return m.KeyMode.IsNull() }

func importCertificate(_ context.Context, m *Certificate, facts host.Facts) diag.Diagnostics {
	m.settlePaths()
	pair := m.pair(pki.Certifier{})
	owner, group, _ := strings.Cut(facts[pair.KeyFact("owner")], ":")
	m.Owner, m.Group = types.StringValue(owner), types.StringValue(group)
	m.Mode = types.StringValue(facts[pair.Fact("mode")])
	m.KeyMode = types.StringValue(facts[pair.KeyFact("mode")])
	return nil
}

func observeCertificate(_ context.Context, m *Certificate, seen host.Observation) diag.Diagnostics {
	content := m.pair(pki.Certifier{}).Noted(seen.Notes)
	if m.Certificate.IsUnknown() || m.Certificate.IsNull() {
		m.Certificate = types.StringNull()
		if chain := parse(types.StringValue(content)); chain != nil {
			m.Certificate = types.StringValue(content)
			if m.CommonName.IsNull() {
				m.takeFrom(chain[0])
			}
		}
	}
	if chain := parse(m.Certificate); chain != nil {
		m.describe(chain[0], pki.Due(chain[0], m.early()))
	}
	m.settle()
	return nil
}

// takeFrom sets what an imported certificate says.
func (m *Certificate) takeFrom(certificate *x509.Certificate) {
	m.Subject.imported(certificate.Subject)
	m.KeyAlgorithm = types.StringValue(host.KeyAlgorithmOf(certificate.PublicKey))
	names, addresses, usages := pki.Describe(certificate)
	m.AllNames, m.AllAddresses, m.Usages = setOf(names), setOf(addresses), setOf(usages)
}
