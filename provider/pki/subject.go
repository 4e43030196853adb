// Package pki are the resources flowstack_certificate_authority, flowstack_certificate and flowstack_certificate_request: certificates whose private
// keys are made on the hosts that use them, and stay there.
package pki

import (
	"crypto/x509/pkix"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Subject is whose a certificate is, and what key it is for; models embed it.
type Subject struct {
	CommonName   types.String `tfsdk:"common_name"`
	Organization types.String `tfsdk:"organization"`
	Unit         types.String `tfsdk:"organizational_unit"`
	KeyAlgorithm types.String `tfsdk:"key_algorithm"`
}

// subjectAttributes adds the schema of a Subject; commonName says what the name is by default.
func subjectAttributes(commonName, changed string, more map[string]schema.Attribute) map[string]schema.Attribute {
	text := func(what string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: what + changed, Validators: []validator.String{stringvalidator.UTF8LengthBetween(1, maxCommonName)}}
	}
	name := text(commonName)
	name.Computed = true
	name.PlanModifiers = []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	maps.Copy(more, map[string]schema.Attribute{
		"common_name":         name,
		"organization":        text("The organization in the subject."),
		"organizational_unit": text("The organizational unit in the subject."),
		"key_algorithm": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(host.KeyAlgorithms()[0]),
			MarkdownDescription: "The kind of private key: `ecdsa-p256`, `rsa-2048`, `rsa-3072` or `rsa-4096`. Default `ecdsa-p256`." + changed,
			Validators:          []validator.String{stringvalidator.OneOf(host.KeyAlgorithms()...)},
		},
	})
	return more
}

// maxCommonName is how many characters a common name may have, ub-common-name of RFC 5280.
const maxCommonName = 64

func atMost(n int, text string) string {
	if characters := []rune(text); len(characters) > n {
		return string(characters[:n])
	}
	return text
}

func (s *Subject) known() bool {
	return !s.CommonName.IsUnknown() && !s.Organization.IsUnknown() && !s.Unit.IsUnknown() && !s.KeyAlgorithm.IsUnknown()
}

func (s *Subject) name() pkix.Name {
	name := pkix.Name{CommonName: s.CommonName.ValueString()}
	if !s.Organization.IsNull() {
		name.Organization = []string{s.Organization.ValueString()}
	}
	if !s.Unit.IsNull() {
		name.OrganizationalUnit = []string{s.Unit.ValueString()}
	}
	return name
}

// imported takes the subject from that of a certificate.
func (s *Subject) imported(name pkix.Name) {
	s.CommonName, s.Organization, s.Unit = types.StringValue(name.CommonName), types.StringNull(), types.StringNull()
	if len(name.Organization) > 0 {
		s.Organization = types.StringValue(name.Organization[0])
	}
	if len(name.OrganizationalUnit) > 0 {
		s.Unit = types.StringValue(name.OrganizationalUnit[0])
	}
}
