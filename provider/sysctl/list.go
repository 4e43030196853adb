package sysctl

import (
	"context"
	"path"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/listing"
)

// NewList makes the list resource.
var NewList = hostresource.NewList[Model, *Model](kind, hostresource.Listing[Model]{
	Description: "Lists the kernel parameters that files of a host set at boot: each `/etc/sysctl.d/NN-NAME.conf` with a number of two digits in front, and nothing in it but parameters by their " +
		"names. Links, such as that to `/etc/sysctl.conf`, and files with patterns are none that the resource could take over.",
	Find: func(ctx context.Context, on *connection.Host, _ tfsdk.Config) ([]listing.Found, error) {
		files, err := host.OwnSysctls(ctx, on)
		var all []listing.Found
		for _, file := range files {
			if name := nameOf(file); hostresource.ValidName(name) && FilePath(name) == file {
				all = append(all, listing.Found{Names: []string{name}, More: file})
			}
		}
		return all, err
	},
})

// nameOf is the inverse of FilePath; where there are two names, the shorter one.
func nameOf(file string) string {
	name := strings.TrimSuffix(path.Base(file), ".conf")
	if short, ok := strings.CutPrefix(name, "60-"); ok && !numbered.MatchString(short) {
		return short
	}
	return name
}
