package systemd

import (
	"context"
	"path"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// UnitType is the type of the resource.
const UnitType = "flowstack_systemd_unit"

// folder is where the administrator's unit files are.
const folder = "/etc/systemd/system"

// UnitModel is the resource in Terraform's terms.
type UnitModel struct {
	hostresource.Common
	Restart
	Name        types.String `tfsdk:"name"`
	Content     types.String `tfsdk:"content"`
	Enabled     types.Bool   `tfsdk:"enabled"`
	Active      types.Bool   `tfsdk:"active"`
	WaitForPort types.Int64  `tfsdk:"wait_for_port"`
}

const contentDescription = "Before it takes its place, `systemd-analyze verify` has to accept it on the host, where the host has that program: also a " +
	"setting that systemd does not know is refused then. A change of comments alone changes nothing on the host. Everybody on the host may " +
	"read it, and the state has it: a secret belongs into a file of its own (`content_wo` of `flowstack_file`), which `LoadCredential=` hands to the service. " +
	"Of values of `Environment=` and `SetCredential=`, `effective` has the beginning of a SHA-256 digest only, so a plan does not show them where the variable that they come from is `sensitive`."

func portAttribute() schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional: true,
		MarkdownDescription: "A TCP port that something on the host has to listen on when the unit runs, within a minute after a start. It is a fact of the unit: " +
			"a plan shows when nobody listens.",
		Validators: []validator.Int64{int64validator.Between(1, 65535)},
	}
}

// NewUnit makes the resource.
var NewUnit = hostresource.New[UnitModel, *UnitModel](unitKind)

var unitKind = hostresource.Kind[UnitModel]{
	Type:  UnitType,
	Thing: "systemd unit",
	Description: "A systemd unit of one's own: its file `/etc/systemd/system/NAME`, whether it starts at boot and whether it runs now. Destroying the resource stops " +
		"and removes the unit, and puts back what it found.\n\nFor a unit that a package brings, see [`flowstack_systemd_service`](systemd_service.md) and " +
		"[`flowstack_systemd_dropin`](systemd_dropin.md).",
	Attributes: RestartAttributes(map[string]schema.Attribute{
		"name": UnitAttribute("The name of the unit with its type, such as `backup.timer`."),
		"content": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The unit file. " + contentDescription,
		},
		"enabled": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(true),
			MarkdownDescription: "Whether it starts at boot, which takes an `[Install]` section. Default `true`.",
		},
		"active": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether it runs. Left out, this is not looked at, which is right for what a timer or a socket starts: `false` would stop it " +
				"in the middle of its work. One that a destroy removes is stopped in any case.",
		},
		"wait_for_port": portAttribute(),
	}),
	Name:          func(m *UnitModel) *types.String { return &m.Name },
	NameAttribute: "name",
	Validate:      validateUnit,
	Desired:       desiredUnit,
	Import:        importedUnit,
	Gone:          unitGone,
}

// unitGone tells whether the file of a unit is gone and systemd no longer knows the unit. Of a unit that may run or not there is then
// nothing that is old, which is no sign of it.
func unitGone(desired host.Desired, facts host.Facts) bool {
	for name := range desired.Facts() {
		if facts[name] != host.Absent && !strings.HasSuffix(name, ": configuration") {
			return false
		}
	}
	return true
}

func unitFile(name string) string { return path.Join(folder, name) }

// content of a file, nil when it is not known as just after an import.
func content(text types.String) []byte {
	if text.IsNull() {
		return nil
	}
	return []byte(text.ValueString())
}

// validateContent checks what is known of a unit file or drop-in.
func validateContent(text types.String) diag.Diagnostics {
	var diags diag.Diagnostics
	if text.IsNull() || text.IsUnknown() {
		return nil
	}
	facts, err := host.UnitFileFormat{}.Facts(content(text))
	switch {
	case err != nil:
		diags.AddAttributeError(tfpath.Root("content"), "Unable to read the content", connection.Explain(err)+".")
	case len(facts) == 0:
		diags.AddAttributeError(tfpath.Root("content"), "Unable to use the content", "It has no setting: a unit file has lines such as ExecStart=/usr/bin/x below [Service].")
	}
	if name := secretName.FindString(facts["[Service] Environment"]); name != "" {
		diags.AddAttributeWarning(tfpath.Root("content"), "The secret is no secret on the host", "Everybody on the host may read the variable "+strings.TrimSuffix(name, "=")+
			", and the state has it. Put it into a file of its own (content_wo of flowstack_file), which LoadCredential= hands to the service.")
	}
	return diags
}

// secretName is that of a variable whose value is meant for few.
var secretName = regexp.MustCompile(`\b\w*(?i:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY)=`)

func validateUnit(_ context.Context, m *UnitModel) diag.Diagnostics {
	diags := append(m.Validate(), validateContent(m.Content)...)
	return append(diags, validatePort(m.WaitForPort, m.Active.IsNull() || is(m.Active, false))...)
}

func validatePort(port types.Int64, stopped bool) diag.Diagnostics {
	var diags diag.Diagnostics
	if !port.IsNull() && stopped {
		diags.AddAttributeError(tfpath.Root("wait_for_port"), "Unable to wait for a port", "A unit that is not to be active listens on none. Set active to true, or leave wait_for_port out.")
	}
	return diags
}

func desiredUnit(_ context.Context, m *UnitModel, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if m.Name.IsUnknown() || m.Content.IsUnknown() || m.Enabled.IsUnknown() || m.Active.IsUnknown() || m.WaitForPort.IsUnknown() || !m.Known() {
		return nil, false, nil
	}
	name := m.Name.ValueString()
	return host.Desired{
		host.File{
			Path: unitFile(name), Content: content(m.Content), Mode: 0o644,
			Format: host.UnitFileFormat{}, Validate: host.VerifyUnitFile(name),
		},
		m.Unit(host.Unit{
			Name: name, Enabled: m.Enabled.ValueBool(),
			Active: m.Active.ValueBool(), AnyActive: m.Active.IsNull() && !m.Effective.IsNull(), // an import looks at everything once
			Health: host.Health{Port: int(m.WaitForPort.ValueInt64())},
		}),
	}, true, nil
}

// importedUnit takes the state of the unit; its content comes from the configuration.
func importedUnit(_ context.Context, m *UnitModel, facts host.Facts) diag.Diagnostics {
	m.SetDefaults()
	m.Enabled = types.BoolValue(facts["unit "+m.Name.ValueString()+": enabled"] == "enabled")
	m.Active = types.BoolValue(facts["unit "+m.Name.ValueString()+": active"] == "active")
	return nil
}
