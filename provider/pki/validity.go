package pki

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
)

const day = 24 * time.Hour

// Validity is how long a certificate lasts, and what there is to know of the one that there is; models embed it.
type Validity struct {
	ValidityDays     types.Int64  `tfsdk:"validity_days"`
	EarlyRenewalDays types.Int64  `tfsdk:"early_renewal_days"`
	NotAfter         types.String `tfsdk:"not_after"`
	Fingerprint      types.String `tfsdk:"fingerprint"`
	ReadyForRenewal  types.Bool   `tfsdk:"ready_for_renewal"`

	applying bool // then what was planned stays, though the time goes on
}

// validityAttributes adds the schema of a Validity. Then says what happens within early_renewal_days of the end.
func validityAttributes(valid, early int64, then string, more map[string]schema.Attribute) map[string]schema.Attribute {
	more["validity_days"] = schema.Int64Attribute{
		Optional: true, Computed: true, Default: int64default.StaticInt64(valid),
		MarkdownDescription: fmt.Sprintf("How many days a new certificate is valid. Default `%d`. A change is for the next one.", valid),
		Validators:          []validator.Int64{int64validator.Between(1, 36500)},
	}
	more["early_renewal_days"] = schema.Int64Attribute{
		Optional: true, Computed: true, Default: int64default.StaticInt64(early),
		MarkdownDescription: fmt.Sprintf("How many days before the end %s. Default `%d`.", then, early),
		Validators:          []validator.Int64{int64validator.Between(0, 36500)},
	}
	more["not_after"] = schema.StringAttribute{Computed: true, MarkdownDescription: "When the certificate ends (RFC 3339)."}
	more["fingerprint"] = schema.StringAttribute{Computed: true, MarkdownDescription: "The SHA-256 of the certificate, in hexadecimal digits."}
	more["ready_for_renewal"] = schema.BoolAttribute{
		Computed:            true,
		MarkdownDescription: "Whether less than `early_renewal_days` of the certificate are left. A plan that goes on to renew it says `false`.",
	}
	return more
}

func (v *Validity) validate() diag.Diagnostics {
	var diags diag.Diagnostics
	if valid, early := v.ValidityDays, v.EarlyRenewalDays; !valid.IsNull() && !valid.IsUnknown() && !early.IsNull() && !early.IsUnknown() &&
		early.ValueInt64() >= valid.ValueInt64() {
		diags.AddAttributeError(path.Root("early_renewal_days"), "Unable to renew so early",
			fmt.Sprintf("A certificate of %d days that is renewed %d days before its end would be renewed by every apply.", valid.ValueInt64(), early.ValueInt64()))
	}
	return diags
}

func (v *Validity) valid() time.Duration { return time.Duration(v.ValidityDays.ValueInt64()) * day }

func (v *Validity) early() time.Duration { return time.Duration(v.EarlyRenewalDays.ValueInt64()) * day }

// describe sets what there is to know of a certificate.
func (v *Validity) describe(certificate *x509.Certificate, due bool) {
	v.NotAfter = types.StringValue(certificate.NotAfter.UTC().Format(time.RFC3339))
	v.Fingerprint = types.StringValue(pki.Fingerprint(certificate))
	if !v.applying || v.ReadyForRenewal.IsUnknown() {
		v.ReadyForRenewal = types.BoolValue(due)
	}
}

// undescribed is what is known of a certificate that the apply will make.
func (v *Validity) undescribed() {
	v.NotAfter, v.Fingerprint, v.ReadyForRenewal = types.StringUnknown(), types.StringUnknown(), types.BoolValue(false)
}

// settle leaves nothing unknown, as after an apply that made no certificate.
func (v *Validity) settle() {
	if v.NotAfter.IsUnknown() {
		v.NotAfter, v.Fingerprint = types.StringNull(), types.StringNull()
	}
	if v.ReadyForRenewal.IsUnknown() {
		v.ReadyForRenewal = types.BoolNull()
	}
}

func stringValue(text []byte) types.String { return types.StringValue(string(text)) }

// parse reads a certificate of a state; nil: there is none.
func parse(text types.String) []*x509.Certificate {
	chain, err := pki.ParseChain([]byte(text.ValueString()))
	if err != nil {
		return nil
	}
	return chain
}
