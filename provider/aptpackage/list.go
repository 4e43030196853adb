package aptpackage

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/listing"
)

const heldAttribute = "held"

// NewList makes the list resource.
var NewList = hostresource.NewList[Model, *Model](kind, hostresource.Listing[Model]{
	Description: "Lists the packages of a host that somebody asked for, as `apt-mark showmanual` has them, and those that are held. What was installed only because another package needs it is left out.",
	Attributes: map[string]schema.Attribute{
		heldAttribute: schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "`true`: only those that are held at their version; `false`: only those that are not. Default: both.",
		},
	},
	Find: found,
})

func found(ctx context.Context, on *connection.Host, config tfsdk.Config) ([]listing.Found, error) {
	var held types.Bool
	if diags := config.GetAttribute(ctx, path.Root(heldAttribute), &held); diags.HasError() {
		return nil, listing.Failed(diags)
	}
	installed, err := host.InstalledPackages(ctx, on)
	var all []listing.Found
	for _, p := range installed {
		if !p.Manual && !p.Held || !held.IsNull() && held.ValueBool() != p.Held {
			continue
		}
		more := p.Version
		if p.Held {
			more += ", held"
		}
		all = append(all, listing.Found{Names: []string{p.Name}, More: more})
	}
	return all, err
}
