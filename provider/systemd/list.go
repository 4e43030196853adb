package systemd

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/listing"
)

// NewUnitList makes the list resource.
var NewUnitList = hostresource.NewList[UnitModel, *UnitModel](unitKind, hostresource.Listing[UnitModel]{
	Description: "Lists the units of a host that its administrator wrote: files in `/etc/systemd/system`, not the links there to units of packages, and not templates. " +
		"A file that not everybody may read is left out, since the resource would let everybody read it.",
	Find: func(ctx context.Context, on *connection.Host, _ tfsdk.Config) ([]listing.Found, error) {
		names, err := host.OwnUnits(ctx, on)
		all := make([]listing.Found, len(names))
		for i, name := range names {
			all[i] = listing.Found{Names: []string{name}}
		}
		return all, err
	},
	Complete: func(ctx context.Context, on *connection.Host, m *UnitModel) error {
		text, err := on.Read(ctx, unitFile(m.Name.ValueString()))
		m.Content = types.StringValue(string(text))
		return err
	},
})
