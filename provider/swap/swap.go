// Package swap is the resource flowstack_swap: whether a host swaps.
package swap

import (
	"context"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_swap"

// SysctlPath is the file that keeps the swappiness over a boot. It sorts before those of flowstack_sysctl.
const SysctlPath = "/etc/sysctl.d/60-flowstack-swap.conf"

const swappiness = "vm.swappiness"

// States of the attribute state.
const (
	off = "off"
	on  = "on"
)

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	State              types.String `tfsdk:"state"`
	Swappiness         types.Int64  `tfsdk:"swappiness"`
	MemoryLockPossible types.Bool   `tfsdk:"memory_lock_possible"`
}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:        ResourceType,
	Thing:       "swap",
	Description: description,
	Attributes: map[string]schema.Attribute{
		"state": schema.StringAttribute{
			Optional: true,
			Computed: true,
			Default:  stringdefault.StaticString(off),
			MarkdownDescription: "`off` (the default): nothing swaps, now and after every boot. `on`: the host swaps as it is configured to; it is an error when " +
				"nothing is.",
			Validators: []validator.String{stringvalidator.OneOf(off, on)},
		},
		"swappiness": schema.Int64Attribute{
			Optional: true,
			MarkdownDescription: "The kernel parameter `vm.swappiness`, from 0 to 200: how readily the kernel swaps, instead of giving up what it has read " +
				"from files. With swap on, Elasticsearch wants `1`. It is set now and, in `" + SysctlPath + "`, for every boot. Left out, it stays what it is.",
			Validators: []validator.Int64{int64validator.Between(0, 200)},
		},
		"memory_lock_possible": schema.BoolAttribute{
			Computed: true,
			MarkdownDescription: "Whether systemd can let a service lock all its memory (`LimitMEMLOCK=infinity`), as `bootstrap.memory_lock` of Elasticsearch " +
				"needs. False in containers that lack CAP_SYS_RESOURCE: there, turn swap off instead.",
		},
	},
	Validate: validate,
	Plan:     plan,
	Desired:  desired,
	Observe:  observe,
	Import:   imported,
	Gone:     gone,
})

const description = "Whether a host swaps. Elasticsearch answers in seconds instead of milliseconds once a part of its heap is on disk; its makers ask for " +
	"swap off, or `swappiness` 1, or locked memory.\n\n" +
	"`off` turns off what swaps now; makes comments of the lines of `/etc/fstab` that would turn it on at boot; masks `swap.target`, which keeps out what " +
	"systemd finds by itself (swap partitions, zram-generator, swap units); and stops and masks services that make swap of their own: `zramswap`, " +
	"`zram-config`, `systemd-swap`, `dphys-swapfile`. Each of these is a fact of `effective`, so that drift has a name: " +
	"`\"swap /swapfile: active\"`, `\"swap UUID=…: in /etc/fstab\"`, `\"unit zramswap.service: enabled\"`. Destroying the resource brings back what it found.\n\n" +
	"There can be one for each host."

func validate(_ context.Context, m *Model) diag.Diagnostics {
	if m.State.ValueString() == on && m.Swappiness.IsNull() {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("swappiness"), "Unable to leave the swappiness out",
			"With swap on it is what this resource is for: 1 makes the kernel swap only when it has to. To keep both as they are, leave the resource out.")}
	}
	return nil
}

func plan(_ context.Context, prior, plan *Model, _ hostresource.Context) diag.Diagnostics {
	plan.MemoryLockPossible = types.BoolUnknown()
	if prior != nil && !prior.MemoryLockPossible.IsNull() {
		plan.MemoryLockPossible = prior.MemoryLockPossible
	}
	return nil
}

func desired(_ context.Context, m *Model, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if m.State.IsUnknown() || m.Swappiness.IsUnknown() {
		return nil, false, nil
	}
	swap := host.Swap{On: m.State.ValueString() == on}
	switch {
	case !m.Swappiness.IsNull():
		value := strconv.FormatInt(m.Swappiness.ValueInt64(), 10)
		settings := map[string]string{swappiness: value}
		return host.Desired{
			host.SysctlOrder{Path: SysctlPath, Settings: settings}, // first: what it refuses has changed nothing
			swap, host.SysctlFile(SysctlPath, settings), host.Sysctl{Key: swappiness, Value: value},
		}, true, nil
	case m.State.IsNull(): // an import: whether there is a file will be seen
		return host.Desired{swap, host.SysctlFile(SysctlPath, nil)}, true, nil
	}
	return host.Desired{swap}, true, nil
}

func observe(_ context.Context, m *Model, seen host.Observation) diag.Diagnostics {
	m.MemoryLockPossible = types.BoolValue(seen.MemoryLockPossible())
	return nil
}

// imported takes the state from what the host shows, and the swappiness from our file.
func imported(_ context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	m.State = types.StringValue(facts["swap"])
	if value, ok := facts["file "+SysctlPath+": "+swappiness]; ok {
		if number, err := strconv.ParseInt(value, 10, 64); err == nil {
			m.Swappiness = types.Int64Value(number)
		}
	}
	return nil
}

// gone: the host swaps, and nothing of ours is left that would keep it from it.
func gone(desired host.Desired, facts host.Facts) bool {
	want := desired.Facts()
	if want["swap"] == on || facts["swap"] == off || facts["unit swap.target: enabled"] == "masked" {
		return false
	}
	_, ours := want["file "+SysctlPath]
	return !ours || facts["file "+SysctlPath] == host.Absent
}
