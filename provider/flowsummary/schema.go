package flowsummary

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

// DefaultSource is the name that the collector writes to when nothing else is said.
const DefaultSource = "flows"

var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$`) // as transforms have to be called

const description = "Sums of flows by the hour, in an index of their own, which may be kept for years where the flows themselves are kept for weeks: a continuous transform of " +
	"Elasticsearch adds up octets (`network.bytes`), packets (`network.packets`) and flows (`flow.count`) of all flows that have the same dimensions in an hour. Flows that lack a " +
	"dimension are summed up, too.\n\n" +
	"The source has to be there: let the resource depend on the [flowstack_flow_index](flow_index.md). Flows that are stored later than `delay` after their time, as after an outage of " +
	"Elasticsearch, are not in the sums of hours that were summed up already.\n\n" +
	"Destroying the resource keeps the summaries, unless there are none or `delete_data` is set. Summaries of another shape, by other dimensions or another interval, are refused in the " +
	"same index: they would be counted besides each other."

var replaces = []planmodifier.String{stringplanmodifier.RequiresReplace()}

var attributes = map[string]schema.Attribute{
	"name": schema.StringAttribute{
		Optional: true,
		Computed: true,
		Default:  stringdefault.StaticString(DefaultName),
		MarkdownDescription: "Name of the index with the summaries, of its template and of the transform. Default `" + DefaultName + "`: it must not begin with the source's name, " +
			"or searches for flows would find the summaries, too. Changing it replaces the resource.",
		Validators:    []validator.String{stringvalidator.RegexMatches(namePattern, "must be lower-case letters, digits, - , _ or ., beginning and ending with a letter or digit")},
		PlanModifiers: replaces,
	},
	"source": schema.StringAttribute{
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString(DefaultSource),
		MarkdownDescription: "Data stream, alias or index of the flows. Default `" + DefaultSource + "`. Changing it replaces the resource.",
		PlanModifiers:       replaces,
	},
	"interval": schema.StringAttribute{
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString("1h"),
		MarkdownDescription: "Span of time that is summed up, such as `15m`, `1h` or `1d`, of the flows' `@timestamp`. Default `1h`. Changing it replaces the resource.",
		PlanModifiers:       append([]planmodifier.String{semantic.Duration()}, replaces...),
	},
	"dimensions": schema.ListAttribute{
		Optional:    true,
		Computed:    true,
		ElementType: types.StringType,
		Default:     listdefault.StaticValue(textList(defaultDimensions)),
		MarkdownDescription: "[Fields](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/fields.md) that flows are told apart by. The collector's `document.profile` has to have them. There are as many summaries an hour as combinations of " +
			"their values occur in it: addresses make it nearly as many as flows. Default `" + strings.Join(defaultDimensions, "`, `") + "`. Changing them replaces the resource.",
		Validators:    []validator.List{listvalidator.SizeBetween(1, 20)},
		PlanModifiers: []planmodifier.List{listplanmodifier.RequiresReplace()},
	},
	"retention": schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "How long summaries are kept, such as `730d`. Default: for ever.",
		PlanModifiers:       []planmodifier.String{semantic.Duration()},
	},
	"delay": schema.StringAttribute{
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString("10m"),
		MarkdownDescription: "How long flows are waited for before an hour is summed up, such as `10m` (default).",
		PlanModifiers:       []planmodifier.String{semantic.Duration()},
	},
	"delete_data": schema.BoolAttribute{
		Optional:            true,
		Computed:            true,
		Default:             booldefault.StaticBool(false),
		MarkdownDescription: "Whether destroying the resource deletes the summaries, too. Default false. It has to be applied before the destroy.",
	},
}

func textList(texts []string) types.List {
	elements := make([]attr.Value, len(texts))
	for i, text := range texts {
		elements[i] = types.StringValue(text)
	}
	return types.ListValueMust(types.StringType, elements)
}

// imported sets what the transform of an imported resource says. It does not keep the order of the dimensions: the order that is usual is taken where it has the same,
// and the alphabet's elsewhere.
func imported(_ context.Context, m *Model, found summary) (diags diag.Diagnostics) {
	if found.transform == nil {
		diags.AddError("Unable to import flow summary "+found.name, "There is no transform of this name.")
		return diags
	}
	time := func(of string) map[string]any {
		return elasticresource.Object(elasticresource.Object(found.transform[of])["time"])
	}
	groups := maps.Clone(elasticresource.Object(elasticresource.Object(found.transform["pivot"])["group_by"]))
	histogram := elasticresource.Object(elasticresource.Object(groups[timestamp])["date_histogram"])
	delete(groups, timestamp)
	dimensions := slices.Sorted(maps.Keys(groups))
	usual := slices.Sorted(slices.Values(defaultDimensions))
	if _, shape, ok := strings.Cut(found.shape, ": "); ok {
		said := strings.Split(shape, ", ")
		if slices.Equal(slices.Sorted(slices.Values(said)), dimensions) {
			dimensions = said
		}
	} else if slices.Equal(dimensions, usual) {
		dimensions = defaultDimensions
	}
	m.Source = types.StringValue(strings.Join(elasticresource.Strings(elasticresource.Object(found.transform["source"])["index"]), ","))
	m.Interval = types.StringValue(elasticresource.Text(histogram["fixed_interval"]))
	m.Dimensions = textList(dimensions)
	m.Delay = types.StringValue(elasticresource.Text(time("sync")["delay"]))
	m.Retention, m.DeleteData = types.StringNull(), types.BoolValue(false)
	if age, said := time("retention_policy")["max_age"].(string); said {
		m.Retention = types.StringValue(age)
	}
	return diags
}
