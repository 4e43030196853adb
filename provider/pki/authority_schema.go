package pki

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

const authorityDescription = "A certificate authority for the hosts' certificates ([`flowstack_certificate`](certificate.md)). Its private key is made on the host and never leaves " +
	"it: whoever needs a certificate makes a request, and the authority's host signs. No other host gets the key. An authority that you have already is taken over with " +
	"`own_certificate` and `own_private_key_wo`.\n\n" +
	"**Rollover.** An authority gives way to the next one when less than `early_renewal_days` of it are left, when its subject or key algorithm changes, when `own_certificate` is " +
	"another one, or when `rollover` changes. That takes three applies, and TLS works all the time: in the first one (`phase = \"introducing\"`) the next authority is made and everybody trusts " +
	"both; in the second (`\"replacing\"`) it signs, and every certificate is issued anew; in the third (`\"steady\"`) the former one goes. A phase is planned only once all " +
	"hosts with certificates of the authority have come along, which is read from these hosts; a plan says which ones have not. Programs that get `certificates` otherwise " +
	"follow in the same apply.\n\n" +
	"On the host there are `ca-N.crt` and `ca-N.key` of each generation N, `generations`, and `issued`, the register of where certificates of the authority are. " +
	"Debian's `openssl` is installed where it is missing, and stays."

var generationType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"number": types.Int64Type, "role": types.StringType, "certificate": types.StringType, "not_after": types.StringType, "fingerprint": types.StringType,
}}

func authorityAttributes() map[string]schema.Attribute {
	const changed = " A change begins a rollover."
	text := func(what string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: what}
	}
	all := map[string]schema.Attribute{
		"directory": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Where the authority is on its host. Default `/etc/flowstack/pki/NAME`; the parent of any other one has to be there. Changing it replaces the authority.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
		},
		"rollover": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Any text, such as a date. A change begins a rollover.",
		},
		"own_certificate": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "The certificate of an authority that you have already, PEM. Those of its issuers follow it, up to the one that hosts shall trust; all of them are " +
				"trusted." + changed,
			Validators:    []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("own_private_key_wo"))},
			PlanModifiers: []planmodifier.String{semantic.PEM()},
		},
		"own_private_key_wo": schema.StringAttribute{
			Optional: true, WriteOnly: true, Sensitive: true,
			MarkdownDescription: "The private key of `own_certificate`, PEM without a passphrase (PKCS #8, PKCS #1 or SEC 1). Write-only: it is on the authority's host alone, readable " +
				"for root alone, and neither in the state nor in the plan. To keep it off every host let your authority sign " +
				"[requests](certificate_request.md) instead.",
			Validators: []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("own_certificate"))},
		},
		"certificate": text("The certificate that signs now, followed by those of its issuers, PEM."),
		"certificates": text("The certificates to trust, PEM: the one that signs now first, during a rollover also the next or the previous one. Give this to all who verify " +
			"certificates of the authority."),
		"generation": schema.Int64Attribute{Computed: true, MarkdownDescription: "The number of the generation that signs now."},
		"phase":      text("Where the authority is in a rollover: `steady`, `introducing` or `replacing`."),
		"generations": schema.ListNestedAttribute{
			Computed:            true,
			MarkdownDescription: "The generations of the authority: one, and two during a rollover.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"number":      schema.Int64Attribute{Computed: true, MarkdownDescription: "Counts up."},
				"role":        text("`signing`; `next`, trusted before it signs; or `previous`, trusted as long as its certificates are in use."),
				"certificate": text("PEM."),
				"not_after":   text("When it ends (RFC 3339)."),
				"fingerprint": text("The SHA-256 of its certificate, in hexadecimal digits."),
			}},
		},
	}
	all = subjectAttributes("The common name in the subject. Default `flowstack authority NAME of HOST`.", changed, all)
	return validityAttributes(3650, 730, "the rollover to the next authority begins: enough for certificates that the former one has signed to end", all)
}

// authorityReference is what a certificate has to know of its authority: attributes of the resource with these names.
var authorityReference = map[string]attr.Type{
	"host": types.StringType, "directory": types.StringType, "generation": types.Int64Type, "certificate": types.StringType, "certificates": types.StringType,
}

func referenceAttribute(validators ...validator.Object) schema.SingleNestedAttribute {
	attributes := map[string]schema.Attribute{}
	for name, kind := range authorityReference {
		if kind.Equal(types.Int64Type) {
			attributes[name] = schema.Int64Attribute{Required: true, MarkdownDescription: "As of the authority."}
			continue
		}
		attributes[name] = schema.StringAttribute{Required: true, MarkdownDescription: "As of the authority."}
	}
	return schema.SingleNestedAttribute{
		Optional:   true,
		Attributes: attributes,
		MarkdownDescription: "The authority that issues the certificate: the whole resource, `authority = flowstack_certificate_authority.this`, which may be on another host. " +
			"Exactly one of `authority` and `certificate` is needed.",
		Validators: validators,
	}
}
