package exporterconfig

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporterconfig"
)

// Schema implements datasource.DataSource.
func (dataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	given := func(text string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: text}
	}
	computed := func(text string) schema.ListAttribute {
		return schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: text}
	}
	oneOf := func(attribute schema.StringAttribute, values ...string) schema.StringAttribute {
		attribute.Validators = []validator.String{stringvalidator.OneOf(values...)}
		return attribute
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What to type on a router, a switch, a firewall or a host so that it sends its flows to a collector, and what takes it away again. " +
			"No device is asked or changed: paste it, or hand it to whatever configures your devices. What the platform cannot do is refused by the plan, and what may " +
			"disappoint is in `warnings`. [Platforms](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/exporters.md), with an example of each; `flowcollector exporter-config` prints the same.",
		Attributes: map[string]schema.Attribute{
			"platform": oneOf(schema.StringAttribute{
				Required: true, MarkdownDescription: "The kind of device, such as `edgeos`, `routeros7`, `cisco-ios-xe`, `juniper-mx` or `softflowd`.",
			}, exporterconfig.Names()...),
			"collector": schema.StringAttribute{
				Required: true, MarkdownDescription: "The address that flows are sent to; where the platform looks names up, also a name.",
			},
			"port": schema.Int64Attribute{
				Optional: true, Computed: true, MarkdownDescription: "The UDP port. Default 2055.", Validators: []validator.Int64{int64validator.Between(1, 65535)},
			},
			"interfaces": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "The interfaces whose traffic is looked at, as the platform names them.",
			},
			"protocol":  oneOf(given("`netflow5`, `netflow9`, `ipfix` or `sflow`. Default: the best that the platform has."), "netflow5", "netflow9", "ipfix", "sflow"),
			"direction": oneOf(given("`ingress`, `egress` or `both`. Default: what suits the platform; ingress of all interfaces counts everything once."), "ingress", "egress", "both"),
			"source": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The address or the interface that packets are sent from: which of the two, the platform says. It is what the exporter is known by.",
			},
			"active_timeout":   given("How often flows that go on are reported. Default `1m`, or the least that the platform has."),
			"inactive_timeout": given("The silence after which a flow has ended. Default `15s`."),
			"template_refresh": given("How often templates are repeated. Default `1m`."),
			"sampling": schema.Int64Attribute{
				Optional: true, Computed: true, MarkdownDescription: "Look at one packet of so many. Default every packet, or 1024 where a platform always samples.",
				Validators: []validator.Int64{int64validator.AtLeast(1)},
			},
			"domain": schema.Int64Attribute{Optional: true, MarkdownDescription: "The observation domain, source id or engine id."},
			"max_flows": schema.Int64Attribute{
				Optional: true, MarkdownDescription: "How many flows are kept at a time (softflowd; its own default is 8192, and a busy router needs more).", Validators: []validator.Int64{int64validator.AtLeast(1)},
			},
			"filter": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Which packets are looked at, an expression of pcap-filter(7) without quotes, backslashes, `$` or line breaks (softflowd).",
			},
			"track": oneOf(schema.StringAttribute{
				Optional: true, MarkdownDescription: "By what packets belong to one flow: `ip`, `proto`, `full`, `vlan` or `ether` (softflowd).",
			}, "ip", "proto", "full", "vlan", "ether"),
			"configuration": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The lines to type; for platforms with web pages alone, numbered steps.",
			},
			"removal":  schema.StringAttribute{Computed: true, MarkdownDescription: "What takes it away again."},
			"warnings": computed("What may disappoint."),
			"notes":    computed("What else to know."),
			"sources":  computed("Where the syntax is from."),
		},
	}
}
