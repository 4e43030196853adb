// Package sysctl is the resource flowstack_sysctl: kernel parameters, live and at every boot.
package sysctl

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_sysctl"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	hostresource.WithSettings
	Name           types.String `tfsdk:"name"`
	RebootRequired types.Bool   `tfsdk:"reboot_required"`
}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](kind)

var kind = hostresource.Kind[Model]{
	Type:        ResourceType,
	Thing:       "kernel parameters",
	Description: description,
	Settings: &schema.MapAttribute{
		Required:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Values by the name of the parameter, such as `\"net.core.rmem_max\" = \"67108864\"`. The function " +
			"[`sysctl_profile`](../functions/sysctl_profile.md) returns recommended ones. Whitespace inside a value does not matter.",
		Validators: []validator.Map{mapvalidator.SizeAtLeast(1)},
	},
	Attributes: map[string]schema.Attribute{
		"reboot_required": schema.BoolAttribute{
			Computed: true,
			MarkdownDescription: "Whether a parameter gets its value with the next reboot only, since the running kernel refuses to change it: " +
				"`kernel.modules_disabled`, `kernel.kexec_load_disabled`, `kernel.unprivileged_bpf_disabled` and `kernel.yama.ptrace_scope` " +
				"cannot be turned back. Its value is in the file then, and `effective` shows it; a warning names it.",
		},
	},
	Name:        func(m *Model) *types.String { return &m.Name },
	DefaultName: "flowstack",
	Validate:    validate,
	Plan:        plan,
	Desired:     desired,
	Observe:     observe,
	Import:      imported,
	Gone:        gone,
}

const description = "Kernel parameters (sysctls) of a host: set now, and written to `/etc/sysctl.d/60-NAME.conf` for every boot. " +
	"Destroying the resource puts the values back that it found.\n\n" +
	"At boot systemd reads the files of `/etc/sysctl.d`, `/run/sysctl.d`, `/usr/local/lib/sysctl.d` and `/usr/lib/sysctl.d` in the order of their " +
	"names, and the last one counts; on Debian 12 and Ubuntu `/etc/sysctl.conf` is among them as `99-sysctl.conf`. A file that is read later and " +
	"gives a parameter another value is drift of its own, `\"sysctl KEY: overridden by FILE\"`. It is not changed: the plan warns of it, and an " +
	"apply changes nothing and fails with the name of the file, until the line in it or the resource's `name` is changed."

// numbered is a name that says itself where its file comes in the order.
var numbered = regexp.MustCompile(`^[0-9]{2}-`)

// FilePath is the file a resource of this name keeps its values in.
func FilePath(name string) string {
	if !numbered.MatchString(name) {
		name = "60-" + name
	}
	return "/etc/sysctl.d/" + name + ".conf"
}

// items is the state of a host with these values.
func items(name string, settings map[string]string) host.Desired {
	list := make(host.Desired, 0, 2+len(settings))
	// First: what it refuses has changed nothing.
	list = append(list, host.SysctlOrder{Path: FilePath(name), Settings: settings}, host.SysctlFile(FilePath(name), settings))
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		list = append(list, host.Sysctl{Key: key, Value: settings[key]})
	}
	return list
}

func plan(_ context.Context, prior, plan *Model, _ hostresource.Context) diag.Diagnostics {
	plan.RebootRequired = types.BoolUnknown()
	if prior == nil {
		return nil
	}
	if prior.Settings.Equal(plan.Settings) && !prior.RebootRequired.IsNull() {
		plan.RebootRequired = prior.RebootRequired
	}
	var diags diag.Diagnostics
	planned := map[string]bool{}
	for key := range plan.Settings.Elements() {
		planned[host.SysctlKey(key)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(prior.Effective.Elements())) {
		parameter, file, overridden := strings.Cut(name, host.OverriddenBy)
		key := strings.TrimPrefix(parameter, "sysctl ")
		if overridden && planned[key] {
			diags.AddAttributeWarning(path.Root("settings"), "Unable to keep kernel parameter "+key+" over a reboot",
				file+" is read after "+FilePath(plan.Name.ValueString())+" and sets it to "+prior.Effective.Elements()[name].String()+
					". Take the line out there, or give the resource a name that sorts after that file, such as 99-zz.")
		}
	}
	return diags
}

func observe(_ context.Context, m *Model, seen host.Observation) diag.Diagnostics {
	waiting := seen.RebootRequired()
	m.RebootRequired = types.BoolValue(len(waiting) > 0)
	if len(waiting) == 0 {
		return nil
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("Kernel parameters of host "+m.Host.ValueString()+" wait for a reboot",
		"The running kernel does not turn back "+strings.Join(waiting, ", ")+". The new value is in "+FilePath(m.Name.ValueString())+", for the next boot.")}
}

func validate(_ context.Context, m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	spelled := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(m.Settings.Elements())) {
		at := path.Root("settings").AtMapKey(key)
		if first, ok := spelled[host.SysctlKey(key)]; ok {
			diags.AddAttributeError(at, "Unable to set kernel parameter "+key, fmt.Sprintf("It is the parameter that is also written %q.", first))
			continue
		}
		spelled[host.SysctlKey(key)] = key
		value, known := m.KnownSettings()[key]
		if !known {
			value = "1" // the key can be checked though the value is not known yet
		}
		if err := (host.Desired{host.Sysctl{Key: key, Value: value}}).Validate(); err != nil {
			diags.AddAttributeError(at, "Unable to set kernel parameter "+key, connection.Explain(hostresource.Cause(err))+".")
		}
	}
	return diags
}

func desired(_ context.Context, m *Model, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	settings, known := m.AllSettings()
	if !known || m.Name.IsUnknown() {
		return nil, false, nil
	}
	return items(m.Name.ValueString(), settings), true, nil
}

// imported takes the settings from the facts of the file.
func imported(_ context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	file := host.SysctlFile(FilePath(m.Name.ValueString()), nil)
	own := host.Desired{file}.Facts()
	settings := map[string]string{}
	for name, value := range facts {
		key, ok := strings.CutPrefix(name, file.ID()+": ")
		if _, attribute := own[name]; ok && !attribute && !strings.HasPrefix(key, "-") {
			settings[key] = value
		}
	}
	m.SetSettings(settings)
	return nil
}

// gone: the file is not there and no value is live. Parameters themselves always are.
func gone(desired host.Desired, facts host.Facts) bool {
	for name, want := range desired.Facts() {
		if strings.HasPrefix(name, "sysctl ") {
			if facts[name] == want {
				return false
			}
		} else if facts[name] != host.Absent {
			return false
		}
	}
	return true
}
