package aptrepository

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/listing"
)

// NewList makes the list resource.
var NewList = hostresource.NewList[Model, *Model](kind, hostresource.Listing[Model]{
	Description: "Lists the repositories of a host that have a file of their own: each `/etc/apt/sources.list.d/NAME.sources` with one repository in it that is in force. " +
		"Lines of `.list` files and files with several repositories are none that the resource could take over.\n\nThe key of a repository is not read: add `key` to the configuration.",
	Find: func(ctx context.Context, on *connection.Host, _ tfsdk.Config) ([]listing.Found, error) {
		repositories, err := host.OwnRepositories(ctx, on)
		all := make([]listing.Found, len(repositories))
		for i, r := range repositories {
			all[i] = listing.Found{Names: []string{r.Name}, More: strings.Join(r.URIs, " ")}
		}
		return all, err
	},
})
