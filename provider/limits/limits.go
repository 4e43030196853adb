// Package limits is the resource flowstack_service_limits: what a service may take of files, processes and memory.
package limits

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
	"github.com/flowstack/terraform-provider-flowstack/provider/systemd"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_service_limits"

// FileName is the drop-in's. It comes after those that packages bring.
const FileName = "60-flowstack-limits.conf"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	systemd.Restart
	UnitName  types.String `tfsdk:"unit"`
	OpenFiles types.String `tfsdk:"nofile"`
	Processes types.String `tfsdk:"nproc"`
	Locked    types.String `tfsdk:"memlock"`
	FileSize  types.String `tfsdk:"fsize"`
	Address   types.String `tfsdk:"as"`
}

// limit is one of the settings, systemd.exec(5).
type limit struct {
	attribute, setting string
	bytes              bool // takes K, M, G, …
	text               string
	of                 func(*Model) *types.String
}

var all = []limit{
	{"nofile", "LimitNOFILE", false, "Files and sockets that may be open at once. Elasticsearch wants 65535 or more.", func(m *Model) *types.String { return &m.OpenFiles }},
	{"nproc", "LimitNPROC", false, "Processes and threads of the service's user. Elasticsearch wants 4096 or more.", func(m *Model) *types.String { return &m.Processes }},
	{"memlock", "LimitMEMLOCK", true, "Memory that may be locked against swapping, in octets. Elasticsearch's `bootstrap.memory_lock` wants `infinity`.", func(m *Model) *types.String { return &m.Locked }},
	{"fsize", "LimitFSIZE", true, "The largest file that may be written, in octets. Elasticsearch wants `infinity`.", func(m *Model) *types.String { return &m.FileSize }},
	{"as", "LimitAS", true, "Address space, in octets. Elasticsearch wants `infinity`.", func(m *Model) *types.String { return &m.Address }},
}

var (
	count = regexp.MustCompile(`^([0-9]{1,18}|infinity)(:([0-9]{1,18}|infinity))?$`)
	size  = regexp.MustCompile(`^([0-9]{1,15}[KMGTPE]?|infinity)(:([0-9]{1,15}[KMGTPE]?|infinity))?$`)
)

func attributes() map[string]schema.Attribute {
	m := map[string]schema.Attribute{"unit": systemd.UnitAttribute("The service, such as `elasticsearch.service`. It need not be there yet.")}
	for _, l := range all {
		pattern, message := count, "must be a number or infinity, or two of them as SOFT:HARD"
		if l.bytes {
			pattern, message = size, "must be a number of octets, with K, M, G or T for powers of 1024, or infinity, or two of them as SOFT:HARD"
		}
		modifiers := []planmodifier.String(nil)
		if l.bytes {
			modifiers = append(modifiers, semantic.Size())
		}
		m[l.attribute] = schema.StringAttribute{
			PlanModifiers:       modifiers,
			Optional:            true,
			MarkdownDescription: "`" + l.setting + "=`: " + l.text + " A number, `infinity`, or `SOFT:HARD`.",
			Validators:          []validator.String{stringvalidator.RegexMatches(pattern, message)},
		}
	}
	return systemd.RestartAttributes(m)
}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:  ResourceType,
	Thing: "limits of the service",
	Description: "Limits of a service (`LimitNOFILE=` and the like), in the drop-in `/etc/systemd/system/UNIT.d/" + FileName + "`. A service that runs is restarted with " +
		"them; one that does not is not started. What is left out stays as it is. Whether systemd has these limits " +
		"is looked at, too: a drop-in that is read later and sets one of them is named in `effective`, as `\"unit UNIT: LimitNOFILE: overridden by FILE\"`. Destroying the resource removes the drop-in and restarts the service without it.",
	Attributes:    attributes(),
	Name:          func(m *Model) *types.String { return &m.UnitName },
	NameAttribute: "unit",
	Validate:      validate,
	Desired:       desired,
	Import:        imported,
	Gone:          systemd.DropInGone,
})

func validate(_ context.Context, m *Model) diag.Diagnostics {
	diags := m.Validate()
	none := true
	for _, l := range all {
		value := *l.of(m)
		none = none && value.IsNull()
		if soft, hard, both := strings.Cut(value.ValueString(), ":"); both && soft == "infinity" && hard != "infinity" {
			diags.AddAttributeError(path.Root(l.attribute), "Unable to set "+l.setting, fmt.Sprintf("The soft limit of %q is above the hard one.", value.ValueString()))
		}
	}
	if none {
		diags.AddError("Unable to limit nothing", "Give at least one of nofile, nproc, memlock, fsize and as.")
	}
	return diags
}

func desired(_ context.Context, m *Model, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if m.UnitName.IsUnknown() || !m.Known() {
		return nil, false, nil
	}
	var content []byte
	limits := map[string]string{}
	for _, l := range all {
		switch value := *l.of(m); {
		case value.IsUnknown():
			return nil, false, nil
		case !value.IsNull():
			content = fmt.Appendf(content, "%s=%s\n", l.setting, value.ValueString())
			limits[l.setting] = value.ValueString()
		}
	}
	if content != nil { // just after an import nothing is known
		content = append([]byte(host.Managed+"[Service]\n"), content...)
	}
	unit := m.UnitName.ValueString()
	desired := systemd.DropIn(unit, FileName, content, &m.Restart)
	// Behind its file: as systemd reads it then.
	return slices.Insert(desired, 2, host.Item(host.UnitLimits{Unit: unit, Path: systemd.DropInPath(unit, FileName), Limits: limits})), true, nil
}

func imported(_ context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	m.SetDefaults()
	for name, value := range facts {
		for _, l := range all {
			if strings.HasPrefix(name, "file ") && strings.HasSuffix(name, ": [Service] "+l.setting) {
				*l.of(m) = types.StringValue(value)
			}
		}
	}
	return nil
}
