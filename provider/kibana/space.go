package kibana

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// SpaceType is the type of the resource for a space.
const SpaceType = "flowstack_kibana_space"

type spaceModel struct {
	elasticresource.Common
	SpaceID          types.String `tfsdk:"space_id"`
	Name             types.String `tfsdk:"name"`
	Description      types.String `tfsdk:"description"`
	Initials         types.String `tfsdk:"initials"`
	Color            types.String `tfsdk:"color"`
	DisabledFeatures types.List   `tfsdk:"disabled_features"`
}

// NewSpace makes the resource.
var NewSpace = elasticresource.New[spaceModel, kbn.Space, *spaceModel](spaceKind)

var spaceKind = elasticresource.Kind[spaceModel, kbn.Space]{
	Type:  SpaceType,
	Thing: "Kibana space",
	Description: "A Kibana space: dashboards, index patterns and whatever else is in one are not seen in another. Destroying it removes all that is in it. " +
		"The space `default` is there always: import it to change it; destroying it only forgets it.",
	Privileges:    []string{"all spaces, all (the role kibana_admin)"},
	Kibana:        true,
	Attributes:    spaceAttributes,
	Name:          func(m *spaceModel) *types.String { return &m.SpaceID },
	NameAttribute: "space_id",
	Sources:       []elasticresource.Source{{Provider: elasticresource.Elasticstack, Type: "elasticstack_kibana_space"}},
	Desired:       wantedSpace,
	Facts:         spaceFacts,
	Read: func(ctx context.Context, m *spaceModel, c elasticresource.Context) (kbn.Space, bool, error) {
		return c.Kibana.Space(ctx, m.SpaceID.ValueString())
	},
	Write: writeSpace,
	Remove: func(ctx context.Context, m *spaceModel, c elasticresource.Context) error {
		if m.SpaceID.ValueString() == kbn.DefaultSpace {
			return nil
		}
		return c.Kibana.DeleteSpace(ctx, m.SpaceID.ValueString())
	},
	Import: importedSpace,
}

var spaceAttributes = map[string]schema.Attribute{
	"space_id": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "Its id, which is in its URLs: `/s/ID/…`. Changing it replaces the space.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		Validators:          []validator.String{stringvalidator.RegexMatches(kbn.SpaceID, "only lower-case letters, digits, _ and - are allowed")},
	},
	"name": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "What people see.",
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"description": schema.StringAttribute{Optional: true, MarkdownDescription: "What it is for."},
	"initials": schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "One or two letters for its icon. Default: those of the name.",
		Validators:          []validator.String{stringvalidator.UTF8LengthBetween(1, 2)}, //nolint:mnd // two letters
	},
	"color": schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "The colour of its icon, such as `#00bfb3`. Default: one that follows from the name.",
		Validators:          []validator.String{stringvalidator.RegexMatches(color, "it is written #rrggbb")},
	},
	"disabled_features": schema.ListAttribute{
		Optional:            true,
		ElementType:         types.StringType,
		MarkdownDescription: "Features that are not shown in it, such as `ml`, `siem`, `apm`. Nobody is kept from using them by that.",
	},
}

func wantedSpace(_ context.Context, m *spaceModel, _ elasticresource.Context) (kbn.Space, bool, diag.Diagnostics) {
	for _, value := range []types.String{m.SpaceID, m.Name, m.Description, m.Initials, m.Color} {
		if value.IsUnknown() {
			return kbn.Space{}, false, nil
		}
	}
	features, known := hostresource.Strings(m.DisabledFeatures)
	return kbn.Space{
		ID: m.SpaceID.ValueString(), Name: m.Name.ValueString(), Description: m.Description.ValueString(),
		Initials: m.Initials.ValueString(), Color: m.Color.ValueString(), DisabledFeatures: append([]string{}, features...),
	}, known, nil
}

func spaceFacts(s kbn.Space) host.Facts {
	facts := host.Facts{"name": s.Name}
	features := slices.Sorted(slices.Values(s.DisabledFeatures))
	for name, value := range map[string]string{
		"description": s.Description, "initials": s.Initials, "color": strings.ToLower(s.Color), "disabled features": strings.Join(features, ", "),
	} {
		if value != "" {
			facts[name] = value
		}
	}
	return facts
}

func writeSpace(ctx context.Context, change elasticresource.Change[spaceModel, kbn.Space]) error {
	if change.There {
		change.Want.ImageURL = change.Found.ImageURL // which is nothing to write into a configuration
		return change.Kibana.UpdateSpace(ctx, change.Want)
	}
	return change.Kibana.CreateSpace(ctx, change.Want)
}

func importedSpace(_ context.Context, m *spaceModel, found kbn.Space) diag.Diagnostics {
	text := func(value string) types.String {
		if value == "" {
			return types.StringNull()
		}
		return types.StringValue(value)
	}
	m.Name, m.Description, m.Initials, m.Color = text(found.Name), text(found.Description), text(found.Initials), text(found.Color)
	m.DisabledFeatures = hostresource.StringList(found.DisabledFeatures)
	return nil
}

// spaceAttribute is the space that objects are in.
var spaceAttribute = schema.StringAttribute{
	Optional:            true,
	Computed:            true,
	Default:             defaultSpace,
	MarkdownDescription: "The id of the space it is in. Default `" + kbn.DefaultSpace + "`. Changing it moves it there.",
	PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	Validators:          []validator.String{stringvalidator.RegexMatches(kbn.SpaceID, "only lower-case letters, digits, _ and - are allowed")},
}

// within checks that there is a space: Kibana takes objects for any, which nobody would ever see.
func within(ctx context.Context, c *kbn.Client, space types.String) error {
	if space.ValueString() == kbn.DefaultSpace {
		return nil
	}
	_, there, err := c.Space(ctx, space.ValueString())
	if err == nil && !there {
		err = &noSpaceError{space.ValueString()}
	}
	return err
}

// noSpaceError means that there is no such space.
type noSpaceError struct{ space string }

func (e *noSpaceError) Error() string {
	return "there is no space " + e.space + ": make it first, by " + SpaceType + " for instance"
}

// at names the attribute of a map.
func at(name, key string) path.Path { return path.Root(name).AtMapKey(key) }
