// Package sysctl is the resource flowstack_sysctl: kernel parameters, live and at every boot.
package sysctl

import (
	"context"
	"fmt"
	"maps"
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
	Name types.String `tfsdk:"name"`
}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:  ResourceType,
	Thing: "kernel parameters",
	Description: "Kernel parameters (sysctls) of a host: set now, and written to `/etc/sysctl.d/60-NAME.conf` for every boot. " +
		"Destroying the resource puts the values back that it found.",
	Settings: &schema.MapAttribute{
		Required:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Values by the name of the parameter, such as `\"net.core.rmem_max\" = \"67108864\"`. The function " +
			"[`sysctl_profile`](../functions/sysctl_profile.md) returns recommended ones. Whitespace inside a value does not matter.",
		Validators: []validator.Map{mapvalidator.SizeAtLeast(1)},
	},
	Name:        func(m *Model) *types.String { return &m.Name },
	DefaultName: "flowstack",
	Validate:    validate,
	Desired:     desired,
	Import:      imported,
	Gone:        gone,
})

// FilePath is the file a resource of this name keeps its values in.
func FilePath(name string) string { return "/etc/sysctl.d/60-" + name + ".conf" }

// items is the state of a host with these values.
func items(name string, settings map[string]string) host.Desired {
	list := make(host.Desired, 0, 1+len(settings))
	list = append(list, host.SysctlFile(FilePath(name), settings))
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		list = append(list, host.Sysctl{Key: key, Value: settings[key]})
	}
	return list
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
	file := items(m.Name.ValueString(), nil)
	own := file.Facts()
	settings := map[string]string{}
	for name, value := range facts {
		key, ok := strings.CutPrefix(name, file[0].ID()+": ")
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
