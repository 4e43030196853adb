// Package permissions is what files and directories have in common in Terraform's terms: their owner, group and mode.
package permissions

import (
	"io/fs"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

// Model is a path and who may do what with it; models embed it.
type Model struct {
	Path  types.String `tfsdk:"path"`
	Owner types.String `tfsdk:"owner"`
	Group types.String `tfsdk:"group"`
	Mode  types.String `tfsdk:"mode"`
}

// Attributes is the schema of a Model; mode is described, and has its default, elsewhere.
func Attributes(mode schema.StringAttribute) map[string]schema.Attribute {
	mode.Optional, mode.Computed = true, true
	mode.PlanModifiers = append([]planmodifier.String{semantic.Mode()}, mode.PlanModifiers...)
	return map[string]schema.Attribute{
		"path": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Where it is on the host: an absolute path without `.`, `..` or a slash at its end. Changing it replaces the resource.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"owner": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString("root"),
			MarkdownDescription: "The user, by name or number. Default `root`.",
		},
		"group": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString("root"),
			MarkdownDescription: "The group, by name or number. Default `root`.",
		},
		"mode": mode,
	}
}

// Known tells whether all of it is known.
func (m *Model) Known() bool {
	return !m.Path.IsUnknown() && !m.Owner.IsUnknown() && !m.Group.IsUnknown() && !m.Mode.IsUnknown()
}

// FileMode is the mode; 0 while there is none.
func (m *Model) FileMode() fs.FileMode {
	mode, _ := host.ParseMode(m.Mode.ValueString()) // Validate has refused what is none
	return mode
}

// Validate checks what is known.
func (m *Model) Validate(thing string) diag.Diagnostics {
	var diags diag.Diagnostics
	refuse := func(attribute string, err error) {
		if err != nil {
			diags.AddAttributeError(path.Root(attribute), "Unable to set the "+attribute+" of the "+thing, connection.Explain(err)+".")
		}
	}
	for attribute, of := range map[string]struct {
		value types.String
		check func(string) error
	}{
		"path":  {m.Path, host.ValidPath},
		"owner": {m.Owner, host.ValidOwner},
		"group": {m.Group, host.ValidOwner},
		"mode":  {m.Mode, func(text string) error { _, err := host.ParseMode(text); return err }},
	} {
		if !of.value.IsNull() && !of.value.IsUnknown() {
			refuse(attribute, of.check(of.value.ValueString()))
		}
	}
	return diags
}

// Import takes owner, group and mode from the facts of an item.
func (m *Model) Import(item host.Item, facts host.Facts) {
	owner, group, _ := strings.Cut(facts[item.ID()+": owner"], ":")
	m.Owner, m.Group = types.StringValue(owner), types.StringValue(group)
	m.Mode = types.StringValue(facts[item.ID()+": mode"])
}
