package hostinfo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const description = "What a host is, read from it in the same round trip as the resources that are read at that time: to size things by its memory and " +
	"disks, to decide by its distribution, or to show.\n\nA host that does not answer is an error, after its `connect_timeout`. One that is made in the " +
	"same configuration is not known in the plan: let the data source depend on it (`depends_on`), and it is read in the apply (without, OpenTofu 1.11 says “Provider configuration is incomplete”)."

func computedString(text string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: text}
}

func computedInt(text string) schema.Int64Attribute {
	return schema.Int64Attribute{Computed: true, MarkdownDescription: text}
}

// Schema implements datasource.DataSource.
func (*dataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"host": schema.StringAttribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "The host, by its name in the provider's `hosts`. May be left out when there is only one.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"hostname":     computedString("Its own name (`uname -n`)."),
			"architecture": computedString("As Debian names it: `amd64`, `arm64`."),
			"distribution": schema.SingleNestedAttribute{
				Computed:            true,
				MarkdownDescription: "What `/etc/os-release` says; null is what it does not.",
				Attributes: map[string]schema.Attribute{
					"id":      computedString("`debian`, `ubuntu`."),
					"version": computedString("`12`, `24.04`."),
					"name":    computedString("For people: `Debian GNU/Linux 12 (bookworm)`."),
				},
			},
			"kernel":          computedString("Its release (`uname -r`)."),
			"systemd_version": computedInt("Such as `252`; null without systemd."),
			"virtualization":  computedString("As `systemd-detect-virt` names it: `none` on a physical machine, `kvm`, `lxc`; null when that cannot be told."),
			"processors":      computedInt("How many there are, of those that may be used."),
			"memory":          computedInt("Memory that the kernel has, in bytes: a little less than what is built in."),
			"addresses": schema.ListAttribute{
				Computed:            true,
				ElementType:         types.StringType,
				MarkdownDescription: "IPv4 and IPv6 addresses in order, without those of the loopback and of a link. Private ones are among them.",
			},
			"mounts": schema.MapNestedAttribute{
				Computed: true,
				MarkdownDescription: "Local file systems that keep data, by the path they are mounted at: `data.flowstack_host.this.mounts[\"/\"].free`. One that is " +
					"mounted several times is there once.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"filesystem": computedString("`ext4`, `xfs`."),
					"size":       computedInt("Bytes it can hold."),
					"free":       computedInt("Bytes that users other than root may still take. It is another one at each read: what depends on it changes in each plan."),
				}},
			},
			"reboot_required": schema.BoolAttribute{
				Computed:            true,
				MarkdownDescription: "Whether a package asked for a reboot since the last one (`/run/reboot-required`).",
			},
		},
	}
}
