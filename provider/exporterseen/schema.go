package exporterseen

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/flowcollector"
)

// Schema implements datasource.DataSource.
func (*dataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	number := func(text string) schema.Int64Attribute {
		return schema.Int64Attribute{Computed: true, MarkdownDescription: text}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Waits until the collector on a host has decoded a flow of an exporter, so that an apply can end with “and it works”. Where none comes, the error says what " +
			"came instead: packets whose template is missing, packets of other addresses, packets that were refused, or nothing at all.\n\n" +
			"Put it into a `check` block and let it depend on the collector: then it is looked at in the apply, and an exporter that is silent is a warning, not a failure. " +
			"[What to type on exporters](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/exporters.md).",
		Attributes: map[string]schema.Attribute{
			"host": schema.StringAttribute{
				Optional: true, Computed: true, MarkdownDescription: "The collector's host, by its name in the provider's `hosts`. May be left out where there is one.",
			},
			"address": schema.StringAttribute{
				Optional: true, Computed: true, MarkdownDescription: "The address that the exporter sends from, as the collector sees it. Left out, any will do.",
			},
			"endpoint": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Where the collector answers, as seen from its host: `http.address` of its settings. Default `" + flowcollector.DefaultEndpoint + "`.",
				Validators:          []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^http://[^/?#]+/?$`), "must be an address like "+flowcollector.DefaultEndpoint)},
			},
			"wait":         schema.StringAttribute{Optional: true, MarkdownDescription: "How long to wait for a flow, such as `30s`. Default `2m`; `0s` looks once."},
			"name":         schema.StringAttribute{Computed: true, MarkdownDescription: "What the exporter is called, if anybody says so."},
			"formats":      schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "What it sends."},
			"flows":        number("Flows decoded since the collector's start."),
			"packets":      number("Packets since then."),
			"templates":    number("Templates that are known."),
			"waiting_sets": number("Data sets that wait for their template."),
			"lost":         number("What was missing by its sequence numbers, in the unit of the format."),
			"last_seen":    schema.StringAttribute{Computed: true, MarkdownDescription: "When its last packet came, RFC 3339."},
		},
	}
}
