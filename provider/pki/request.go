package pki

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/permissions"
)

// RequestType is the type of the resource.
const RequestType = "flowstack_certificate_request"

// CertificateRequest is the resource in Terraform's terms.
type CertificateRequest struct {
	hostresource.Common
	permissions.Model
	Subject
	Names
	RequestPath types.String `tfsdk:"request_path"`
	Request     types.String `tfsdk:"request"`
}

const requestDescription = "A private key that is made on the host and never leaves it, and a certificate signing request (PKCS #10) for it, for an authority that flowstack does not have: " +
	"a company's, Vault's, or one behind ACME. What that issues for `request` goes to the host with [`flowstack_certificate`](certificate.md) and its `certificate`.\n\n" +
	"The request stays the same as long as the key and the names do, so that an authority can renew a certificate by it. Destroying the resource removes the key and the request. A private key " +
	"of the right kind that was there before is used, and stays. Debian's `openssl` is installed where it is missing, and stays."

// NewRequest makes the resource.
var NewRequest = hostresource.New[CertificateRequest, *CertificateRequest](hostresource.Kind[CertificateRequest]{
	Type:          RequestType,
	Thing:         "certificate request",
	Description:   requestDescription,
	Attributes:    requestAttributes(),
	Name:          func(m *CertificateRequest) *types.String { return &m.Path },
	NameAttribute: "path",
	Validate:      validateRequest,
	Plan:          planRequest,
	Prepare:       prepareRequest,
	Desired:       desiredRequest,
	Import:        importRequest,
	Observe:       observeRequest,
})

func requestAttributes() map[string]schema.Attribute {
	all := permissions.Attributes(schema.StringAttribute{
		MarkdownDescription: "Permissions of the private key in octal digits. Default `0600`.", Default: stringdefault.StaticString("0600"),
	})
	all["path"] = schema.StringAttribute{
		Required: true,
		MarkdownDescription: "The file of the private key, PKCS #8, PEM. Its directory has to be there, see [`flowstack_directory`](directory.md). Changing it replaces " +
			"the resource.",
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
	all["request_path"] = schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "The file of the request, PEM. By default `path` with `.csr` instead of `.key`. Changing it replaces the resource.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
	}
	all["request"] = schema.StringAttribute{Computed: true, MarkdownDescription: "The request, PEM."}
	return nameAttributes(subjectAttributes("The common name in the subject. Default the name of the host in the provider.", " A change makes a new request.", all))
}

func validateRequest(_ context.Context, m *CertificateRequest) diag.Diagnostics {
	diags := m.Validate("private key")
	diags.Append(m.validate()...)
	if mode := m.FileMode(); mode&0o007 != 0 {
		diags.AddAttributeError(tfpath.Root("mode"), "Unable to set the mode of the private key", "With mode "+m.Mode.ValueString()+" everybody on the host may use it.")
	}
	if !m.RequestPath.IsNull() && !m.RequestPath.IsUnknown() {
		if err := host.ValidPath(m.RequestPath.ValueString()); err != nil {
			diags.AddAttributeError(tfpath.Root("request_path"), "Unable to use the path", connection.Explain(err)+".")
		}
	}
	return diags
}

func (m *CertificateRequest) settlePaths() {
	if (m.RequestPath.IsUnknown() || m.RequestPath.IsNull()) && !m.Path.IsUnknown() {
		m.RequestPath = types.StringValue(strings.TrimSuffix(m.Path.ValueString(), ".key") + ".csr")
	}
	if m.CommonName.IsUnknown() && !m.Host.IsUnknown() {
		m.CommonName = types.StringValue(atMost(maxCommonName, m.Host.ValueString()))
	}
}

// requester is what the request says; known is false while that is not decided.
func (m *CertificateRequest) requester() (r pki.Requester, known bool) {
	names, addresses, known := m.all()
	r.Spec = pki.Spec{Subject: m.name(), DNSNames: names, Addresses: addresses}
	if !m.Request.IsUnknown() && !m.Request.IsNull() {
		r.Known = []byte(m.Request.ValueString())
	}
	return r, known && m.known()
}

func planRequest(ctx context.Context, prior, plan *CertificateRequest, c hostresource.Context) diag.Diagnostics {
	return plan.decideRequest(ctx, prior, c, false)
}

func prepareRequest(ctx context.Context, plan *CertificateRequest, c hostresource.Context) diag.Diagnostics {
	if _, known := plan.requester(); known && !plan.RequestPath.IsUnknown() {
		return nil
	}
	prior, _ := c.Prior.(*CertificateRequest)
	return plan.decideRequest(ctx, prior, c, true)
}

// decideRequest completes a plan; the request of the state stays while it says what it should, for the key that is there.
func (m *CertificateRequest) decideRequest(ctx context.Context, prior *CertificateRequest, c hostresource.Context, applying bool) diag.Diagnostics {
	m.settlePaths()
	var names *Names
	if prior != nil {
		names = &prior.Names
	}
	diags := m.decide(ctx, names, c, applying)
	m.Request = types.StringUnknown()
	if prior == nil || diags.HasError() {
		return diags
	}
	wanted, known := m.requester()
	request, err := pki.ParseRequest([]byte(prior.Request.ValueString()))
	if err != nil || !known || !wanted.Says(request) || host.KeyAlgorithmOf(request.PublicKey) != m.KeyAlgorithm.ValueString() {
		return diags
	}
	if seen, refreshed := prior.Facts()[m.pair(wanted).KeyFact("public key")]; !refreshed || seen == host.KeyFingerprint(request.PublicKey) {
		m.Request = prior.Request
	}
	return diags
}

// pair is the key and the request on the host.
func (m *CertificateRequest) pair(requester pki.Requester) host.KeyPair {
	return host.KeyPair{
		Key: m.Path.ValueString(), KeyMode: m.FileMode(), Certificate: m.RequestPath.ValueString(), Owner: m.Owner.ValueString(), Group: m.Group.ValueString(),
		Algorithm: m.KeyAlgorithm.ValueString(), Certifier: requester,
	}
}

func desiredRequest(_ context.Context, m *CertificateRequest, c hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	m.settlePaths()
	requester, known := m.requester()
	if !known || !m.Known() || m.RequestPath.IsUnknown() {
		return nil, false, nil
	}
	pair := m.pair(requester)
	pair.Foreign = c.Creating
	return host.Desired{pair}, true, nil
}

func importRequest(_ context.Context, m *CertificateRequest, facts host.Facts) diag.Diagnostics {
	m.settlePaths()
	pair := m.pair(pki.Requester{})
	owner, group, _ := strings.Cut(facts[pair.KeyFact("owner")], ":")
	m.Owner, m.Group, m.Mode = types.StringValue(owner), types.StringValue(group), types.StringValue(facts[pair.KeyFact("mode")])
	return nil
}

func observeRequest(_ context.Context, m *CertificateRequest, seen host.Observation) diag.Diagnostics {
	if !m.Request.IsUnknown() && !m.Request.IsNull() {
		return nil
	}
	m.Request = types.StringNull()
	text := m.pair(pki.Requester{}).Noted(seen.Notes)
	request, err := pki.ParseRequest([]byte(text))
	if err != nil {
		return nil // there is none: the next plan makes one
	}
	m.Request = types.StringValue(text)
	if m.CommonName.IsNull() { // imported
		m.imported(request.Subject)
		m.KeyAlgorithm = types.StringValue(host.KeyAlgorithmOf(request.PublicKey))
		names, addresses := pki.RequestNames(request)
		m.AllNames, m.AllAddresses = setOf(names), setOf(addresses)
	}
	return nil
}
