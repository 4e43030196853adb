package kibana

import (
	"cmp"
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/listing"
)

// NewSpaceList makes the list resource of spaces.
var NewSpaceList = elasticresource.NewList[spaceModel, kbn.Space, *spaceModel](spaceKind, elasticresource.Listing{
	Description: "Lists the spaces of Kibana that the user may see.",
	Find: func(ctx context.Context, c elasticresource.Context, _ tfsdk.Config) ([]listing.Found, error) {
		spaces, err := c.Kibana.Spaces(ctx)
		all := make([]listing.Found, len(spaces))
		for i, space := range spaces {
			all[i] = listing.Found{Names: []string{space.ID}, More: space.Name}
		}
		return all, err
	},
})

// listedTypes are those of the objects that are listed when nobody says which.
var listedTypes = []string{"index-pattern", "search", "visualization", "lens", "map", "dashboard"}

// NewObjectList makes the list resource of saved objects.
var NewObjectList = elasticresource.NewList[objectModel, kbn.Object, *objectModel](objectKind, elasticresource.Listing{
	Description: "Lists the saved objects of a space of Kibana, the first 10000 of them at most. Many that belong together are better kept in a file, by [`" + DashboardsType + "`](../resources/dashboards.md).",
	Attributes: map[string]schema.Attribute{
		"space": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The id of the space. Default `" + kbn.DefaultSpace + "`.",
			Validators:          []validator.String{stringvalidator.RegexMatches(kbn.SpaceID, "only lower-case letters, digits, _ and - are allowed")},
		},
		"types": schema.ListAttribute{
			Optional:            true,
			ElementType:         types.StringType,
			MarkdownDescription: "The types of the objects. Default: `" + strings.Join(listedTypes, "`, `") + "`.",
			Validators: []validator.List{
				listvalidator.SizeAtLeast(1), listvalidator.ValueStringsAre(stringvalidator.RegexMatches(objectWord, "a type of saved objects is a word")),
			},
		},
	},
	Find: findObjects,
})

func findObjects(ctx context.Context, c elasticresource.Context, config tfsdk.Config) ([]listing.Found, error) {
	var asked types.String
	var kinds []string
	diags := config.GetAttribute(ctx, path.Root("space"), &asked)
	if diags.Append(config.GetAttribute(ctx, path.Root("types"), &kinds)...); diags.HasError() {
		return nil, listing.Failed(diags)
	}
	if kinds == nil {
		kinds = listedTypes
	}
	space := types.StringValue(cmp.Or(asked.ValueString(), kbn.DefaultSpace))
	if err := within(ctx, c.Kibana, space); err != nil {
		return nil, err
	}
	objects, err := c.Kibana.Find(ctx, space.ValueString(), kinds)
	all := make([]listing.Found, len(objects))
	for i, object := range objects {
		all[i] = listing.Found{Names: []string{space.ValueString(), object.Type, object.ID}, More: object.Title()}
	}
	return all, err
}
