package pki

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/permissions"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

// DefaultPath is where a host's certificate is when no path is given.
const DefaultPath = hostDirectory + "/host.crt"

const hostDirectory = rootDirectory + "/tls"

const certificateDescription = "A certificate of a host and its private key, which is made on the host and never leaves it. [`flowstack_certificate_authority`](certificate_authority.md) " +
	"issues it, or somebody else does, with `certificate`.\n\n" +
	"The names in it always include what clients use: `localhost`, the loopback addresses, the host's names and all its addresses. It is renewed by the plan that finds it " +
	"within `early_renewal_days` of its end, expired, replaced by hand, or lacking a name; the key stays the same unless `rotate_key` is set. New files take the place of the old ones by rename, and a " +
	"new key and its certificate by two renames, one directly after the other: a program that reads both in between sees a pair that does not match and has to read again, as Elasticsearch " +
	"does every 5 seconds.\n\n" +
	"Destroying the resource removes what it made, and puts back the certificate that was there before. A private key of the right kind that was there before is used, and stays. " +
	"Debian's `openssl` is installed where it is missing, and stays."

func certificateAttributes() map[string]schema.Attribute {
	all := permissions.Attributes(schema.StringAttribute{
		MarkdownDescription: "Permissions of the certificate and of `authorities_path` in octal digits. Default `0644`.", Default: stringdefault.StaticString("0644"),
	})
	all["path"] = schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(DefaultPath),
		MarkdownDescription: "The file of the certificate, followed by its intermediates, PEM. Default `" + DefaultPath + "`; the directory of any other one has to be there, " +
			"see [`flowstack_directory`](directory.md). Changing it replaces the resource.",
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
	beside := func(what string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true, Computed: true, MarkdownDescription: what,
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
		}
	}
	maps.Copy(all, map[string]schema.Attribute{
		"private_key_path": beside("The file of the private key, PKCS #8, PEM. By default `path` with `.key` instead of `.crt`. Changing it replaces the resource."),
		"authorities_path": beside("The file of the authorities to trust. By default `path` with `-ca.crt` instead of `.crt`. Changing it replaces the resource."),
		"private_key_mode": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Permissions of the private key in octal digits. Default `0600`, and `0640` with a `group` other than `root`.",
			PlanModifiers:       []planmodifier.String{semantic.Mode()},
		},
		"authority": referenceAttribute(objectvalidator.ConflictsWith(tfpath.MatchRoot("certificate"))),
		"certificate": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "The certificate and its intermediates, PEM. Given, it is one that somebody else has issued for the key at `private_key_path`, which then has to be there, " +
				"see [`flowstack_certificate_request`](certificate_request.md).",
			Validators:    []validator.String{stringvalidator.ExactlyOneOf(tfpath.MatchRoot("certificate"), tfpath.MatchRoot("authority"))},
			PlanModifiers: []planmodifier.String{semantic.PEM()},
		},
		"certificates": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "The certificates of the authorities to trust, PEM, in the file `authorities_path`. By default those of `authority`; none with `certificate`.",
			PlanModifiers:       []planmodifier.String{semantic.PEM()},
		},
		"usages": schema.SetAttribute{
			Optional: true, Computed: true, ElementType: types.StringType,
			Default: setdefault.StaticValue(types.SetValueMust(types.StringType, []attr.Value{
				types.StringValue(string(pki.ServerAuthentication)), types.StringValue(string(pki.ClientAuthentication)),
			})),
			MarkdownDescription: "What it is for: `server_auth`, `client_auth`. Default both, which nodes of a cluster need.",
			Validators: []validator.Set{
				setvalidator.SizeAtLeast(1),
				setvalidator.ValueStringsAre(stringvalidator.OneOf(string(pki.ServerAuthentication), string(pki.ClientAuthentication))),
			},
		},
		"rotate_key": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Whether each new certificate gets a new private key. Default `false`.",
		},
	})
	all = nameAttributes(all)
	all = subjectAttributes("The common name in the subject. Default the name of the host in the provider.", " A change issues a new certificate.", all)
	return validityAttributes(397, 30, "it is renewed", all)
}
