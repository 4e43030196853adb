package systemd

import (
	"context"
	"path"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// DropInType is the type of the resource.
const DropInType = "flowstack_systemd_dropin"

// DropInModel is the resource in Terraform's terms.
type DropInModel struct {
	hostresource.Common
	Restart
	UnitName types.String `tfsdk:"unit"`
	Name     types.String `tfsdk:"name"`
	Content  types.String `tfsdk:"content"`
}

var dropInName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

// NewDropIn makes the resource.
var NewDropIn = hostresource.New[DropInModel, *DropInModel](hostresource.Kind[DropInModel]{
	Type:  DropInType,
	Thing: "systemd drop-in",
	Description: "A drop-in of a systemd unit, `/etc/systemd/system/UNIT.d/NAME.conf`: settings added to a unit that a package brings, such as its environment. A unit " +
		"that runs is restarted with it; one that does not is not started. Destroying the resource removes the drop-in and restarts the unit without it.\n\n" +
		"For limits on files, processes and memory see [`flowstack_service_limits`](service_limits.md).",
	Attributes: RestartAttributes(map[string]schema.Attribute{
		"unit": UnitAttribute("The unit that the settings are added to, with its type, such as `elasticsearch.service`. It need not be there yet."),
		"name": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Tells drop-ins of a unit apart, without `.conf`. Those that come later in the alphabet have the last word. " +
				"Changing it replaces the resource.",
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			Validators: []validator.String{
				stringvalidator.RegexMatches(dropInName, "must be 1 to 100 letters, digits, -, _ or ., beginning with a letter or digit"),
			},
		},
		"content": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "The settings, in their sections. " + contentDescription + " A drop-in of a unit that is not there yet cannot be verified.",
		},
	}),
	Name:          func(m *DropInModel) *types.String { return &m.UnitName },
	NameAttribute: "unit",
	Part:          &hostresource.Part[DropInModel]{Attribute: "name", Of: func(m *DropInModel) *types.String { return &m.Name }},
	Validate: func(_ context.Context, m *DropInModel) diag.Diagnostics {
		return append(m.Validate(), validateContent(m.Content)...)
	},
	Desired: desiredDropIn,
	Import: func(_ context.Context, m *DropInModel, _ host.Facts) diag.Diagnostics {
		m.SetDefaults() // the content comes from the configuration
		return nil
	},
	Gone: DropInGone,
})

func desiredDropIn(_ context.Context, m *DropInModel, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if m.UnitName.IsUnknown() || m.Name.IsUnknown() || m.Content.IsUnknown() || !m.Known() {
		return nil, false, nil
	}
	return DropIn(m.UnitName.ValueString(), m.Name.ValueString()+".conf", content(m.Content), &m.Restart), true, nil
}

// DropInPath is where a drop-in of a unit is.
func DropInPath(unit, name string) string { return path.Join(folder, unit+".d", name) }

// DropIn is the state of a host with this drop-in: its file, and the unit running with it if it runs.
func DropIn(unit, name string, content []byte, restart *Restart) host.Desired {
	directory := path.Join(folder, unit+".d")
	desired := host.Desired{
		host.Directory{Path: directory, Mode: 0o755, Shared: true}, // with other drop-ins of the unit
		host.File{
			Path: DropInPath(unit, name), Content: content, Mode: 0o644,
			Format: host.UnitFileFormat{}, Validate: host.VerifyDropIn(unit, name),
		},
		restart.Unit(host.Unit{Name: unit, AnyEnabled: true, AnyActive: true, Borrowed: true}),
	}
	if !restart.Wanted() {
		return desired[:2] // the unit is left alone
	}
	return desired
}

// DropInGone tells whether the file of a drop-in is gone and its folder, too: a removal that was cut short between the two goes on.
func DropInGone(desired host.Desired, facts host.Facts) bool {
	for _, item := range desired {
		switch item.(type) {
		case host.File, host.Directory:
			if facts[item.ID()] != host.Absent {
				return false
			}
		}
	}
	return true
}
