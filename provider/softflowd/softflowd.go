// Package softflowd is the resource flowstack_softflowd: a host that exports its own traffic.
package softflowd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/softflowd"
	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporterconfig"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_softflowd"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	Instances types.Map `tfsdk:"instances"`
}

// instance is one of them, as a configuration writes it.
var instance = map[string]schema.Attribute{
	"interface": schema.StringAttribute{Required: true, MarkdownDescription: "The interface whose traffic is looked at, such as `eth0`, or `any`."},
	"collector": schema.StringAttribute{Required: true, MarkdownDescription: "The address, or the name, that flows are sent to."},
	"port":      schema.Int64Attribute{Optional: true, MarkdownDescription: "The UDP port. Default 2055."},
	"protocol":  schema.StringAttribute{Optional: true, MarkdownDescription: "`netflow9` (the default), `ipfix` or `netflow5`."},
	"active_timeout": schema.StringAttribute{
		Optional: true, MarkdownDescription: "How often flows that go on are reported. Default `1m`.",
		PlanModifiers: []planmodifier.String{semantic.Duration()},
	},
	"inactive_timeout": schema.StringAttribute{
		Optional: true, MarkdownDescription: "How often ended flows are looked for. Default `15s`.",
		PlanModifiers: []planmodifier.String{semantic.Duration()},
	},
	"sampling": schema.Int64Attribute{Optional: true, MarkdownDescription: "Look at one packet of so many. Default every packet."},
	"max_flows": schema.Int64Attribute{
		Optional: true, Validators: []validator.Int64{int64validator.AtLeast(1)},
		MarkdownDescription: "How many flows are kept at a time (`-m`). Default 8192. Beyond it those that were quiet the longest are reported early, in pieces: a busy router needs more, such as `262144`; " +
			"each takes some hundred octets of memory.",
	},
	"filter": schema.StringAttribute{
		Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		MarkdownDescription: "Which packets are looked at, an expression of pcap-filter(7), such as `not (udp and port 2055)`. Default all. Without quotes, backslashes, `$` or line breaks.",
	},
	"track": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "By what packets belong to one flow (`-T`): `ip` is the two addresses, `proto` the protocol too, `full` (the default) ports too, `vlan` the VLAN too, " +
			"`ether` the Ethernet addresses too.",
	},
}

var instanceType = map[string]attr.Type{
	"interface": types.StringType, "collector": types.StringType, "port": types.Int64Type, "protocol": types.StringType, "active_timeout": types.StringType,
	"inactive_timeout": types.StringType, "sampling": types.Int64Type, "max_flows": types.Int64Type, "filter": types.StringType, "track": types.StringType,
}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:  ResourceType,
	Thing: "softflowd",
	Description: "A host that exports its own traffic: Debian's package `softflowd`, and a service for each interface that is looked at, enabled and running with its settings. " +
		"For routers and firewalls on Linux, and to see the traffic of a server; what other devices are told is in [`flowstack_exporter_config`](../data-sources/exporter_config.md).\n\n" +
		"A change by hand shows in the plan by its flag (softflowd(8)), such as `\"file /etc/softflowd/wan.conf: -n\"`, and a changed instance is restarted once. Destroying the resource " +
		"stops the instances and removes their settings, and the package if it was not there before.\n\nsoftflowd gets packets in full blocks of 128 KiB, about a thousand small ones: on a quiet interface, or behind a filter, flows come late.\n\nThere can be one for each host.",
	Attributes: map[string]schema.Attribute{
		"instances": schema.MapNestedAttribute{
			Required:            true,
			MarkdownDescription: "What is looked at, by a name of yours: letters, digits, dots and underscores.",
			NestedObject:        schema.NestedAttributeObject{Attributes: instance},
			Validators:          []validator.Map{mapvalidator.SizeAtLeast(1)},
		},
	},
	Validate: validate,
	Plan:     plan,
	Desired:  desired,
	Import:   imported,
})

func validate(_ context.Context, m *Model) diag.Diagnostics {
	_, _, diags := m.files()
	return diags
}

func desired(_ context.Context, m *Model, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	files, known, diags := m.files()
	if !known || diags.HasError() {
		return nil, false, diags
	}
	// Any version of the package will do. In an apply the facts are those that were planned.
	return softflowd.Desired(files).Settled(m.Facts()), true, diags
}

// plan hands over what is installed, as far as it is known: any version is satisfied by that.
func plan(_ context.Context, prior, plan *Model, _ hostresource.Context) diag.Diagnostics {
	plan.Effective = hostresource.Effective(nil)
	if prior != nil {
		plan.Effective = prior.Effective
	}
	return nil
}

// files are the settings files by instance. What is unknown is not looked at.
func (m *Model) files() (files map[string]string, known bool, diags diag.Diagnostics) {
	files, known = map[string]string{}, !m.Instances.IsUnknown()
	for _, name := range slices.Sorted(maps.Keys(m.Instances.Elements())) {
		at := path.Root("instances").AtMapKey(name)
		if err := softflowd.CheckName(name); err != nil {
			diags.AddAttributeError(at, "Unable to use the name of the instance", sentence(err.Error()))
			continue
		}
		object, ok := m.Instances.Elements()[name].(types.Object)
		if !ok || object.IsUnknown() || slices.ContainsFunc(slices.Collect(maps.Values(object.Attributes())), attr.Value.IsUnknown) {
			known = false
			continue
		}
		settings, wrong := settingsOf(object, at)
		if diags.Append(wrong...); wrong.HasError() {
			continue
		}
		r, err := exporterconfig.Render(softflowd.PackageName, settings)
		var mistake *exporterconfig.SettingError
		switch {
		case errors.As(err, &mistake):
			attribute := mistake.Setting
			if attribute == "interfaces" {
				attribute = "interface"
			}
			diags.AddAttributeError(at.AtName(attribute), "Unable to configure softflowd", sentence(mistake.Problem))
		case err != nil:
			diags.AddAttributeError(at, "Unable to configure softflowd", sentence(err.Error()))
		default:
			files[name] = r.Configuration
		}
	}
	return files, known, diags
}

func settingsOf(object types.Object, at path.Path) (s exporterconfig.Settings, diags diag.Diagnostics) {
	text := func(name string) string {
		value, _ := object.Attributes()[name].(types.String)
		return value.ValueString()
	}
	number := func(name string) int {
		value, _ := object.Attributes()[name].(types.Int64)
		return int(value.ValueInt64())
	}
	s = exporterconfig.Settings{
		Interfaces: []string{text("interface")}, Collector: text("collector"), Port: number("port"), Protocol: exporterconfig.Protocol(text("protocol")), Sampling: number("sampling"),
		MaxFlows: number("max_flows"), Filter: text("filter"), Track: exporterconfig.Track(text("track")),
	}
	for name, into := range map[string]*time.Duration{"active_timeout": &s.Active, "inactive_timeout": &s.Inactive} {
		if text(name) == "" {
			continue
		}
		d, err := config.ParseDuration(text(name))
		if err == nil && d <= 0 {
			err = fmt.Errorf("%s is no time to wait", text(name))
		}
		if err != nil {
			diags.AddAttributeError(at.AtName(name), "Unable to configure softflowd", sentence(err.Error()))
		}
		*into = time.Duration(d)
	}
	return s, diags
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }

// imported knows of no instances: which of those on a host are to be managed, the configuration says.
func imported(_ context.Context, m *Model, _ host.Facts) diag.Diagnostics {
	m.Instances = types.MapNull(types.ObjectType{AttrTypes: instanceType})
	return nil
}
