package action

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/systemd"
)

func unitAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "The unit with its type, such as `elasticsearch.service`.",
		Validators:          []validator.String{systemd.UnitName{}},
	}
}

var restart = kind{
	name: "flowstack_service_restart",
	verb: "restart the service",
	description: "Restart a service of a host now, or start it, and wait until it proved to run. For a service that has to run with its configuration as it is, use the " +
		"resource [`flowstack_systemd_service`](../resources/systemd_service.md): Terraform forgets an action that failed.",
	limit: 5 * time.Minute,
	attributes: map[string]schema.Attribute{
		"unit": unitAttribute(),
		"stable_for": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "How long it has to keep running after the start, in whole seconds; `0s` trusts systemd. Default `" + systemd.StableFor + "`.",
		},
		"wait_for_port": schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: "A TCP port that something on the host has to listen on within a minute after the start.",
			Validators:          []validator.Int64{int64validator.Between(1, 65535)},
		},
	},
	invoke: func(ctx context.Context, on *connection.Host, m *model, progress func(string)) error {
		unit := host.Unit{Name: m.Unit.ValueString(), Active: true, Health: host.Health{Port: int(m.WaitForPort.ValueInt64())}}
		stable := m.StableFor.ValueString()
		if m.StableFor.IsNull() {
			stable = systemd.StableFor
		}
		var err error
		if unit.Health.StableFor, err = time.ParseDuration(stable); err != nil {
			return err
		}
		progress("restarting " + unit.Name)
		if err := host.RestartUnit(ctx, on, unit); err != nil {
			return err
		}
		progress(unit.Name + " runs")
		return nil
	},
}

var reload = kind{
	name:        "flowstack_service_reload",
	verb:        "reload the service",
	description: "Let a service of a host read its configuration again without a restart (`systemctl reload`). It has to run, and its unit to have `ExecReload=`.",
	limit:       5 * time.Minute,
	attributes:  map[string]schema.Attribute{"unit": unitAttribute()},
	invoke: func(ctx context.Context, on *connection.Host, m *model, progress func(string)) error {
		unit := host.Unit{Name: m.Unit.ValueString()}
		progress("reloading " + unit.Name)
		if err := host.ReloadUnit(ctx, on, unit); err != nil {
			return err
		}
		progress(unit.Name + " has reloaded")
		return nil
	},
}
