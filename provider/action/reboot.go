package action

import (
	"context"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

var reboot = kind{
	name: "flowstack_host_reboot",
	verb: "reboot the system",
	description: "Reboot a host and wait until it is back: it answers over SSH with the same host key and another boot id, and systemd has finished starting. Whatever " +
		"else is being applied to the host at that moment fails.",
	limit: 10 * time.Minute,
	invoke: func(ctx context.Context, on *connection.Host, _ *model, progress func(string)) error {
		return host.Reboot(ctx, on, progress)
	},
}
