// Package flowsummary is the resource flowstack_flow_summary: sums of flows by the hour, which are kept longer than the flows.
package flowsummary

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	flows "github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_flow_summary"

// DefaultName does not begin with flows, so that a search in flows* does not count everything twice.
const DefaultName = "summary-flows"

// Model is the resource in Terraform's terms.
type Model struct {
	elasticresource.Common
	Name       types.String `tfsdk:"name"`
	Source     types.String `tfsdk:"source"`
	Interval   types.String `tfsdk:"interval"`
	Dimensions types.List   `tfsdk:"dimensions"`
	Retention  types.String `tfsdk:"retention"`
	Delay      types.String `tfsdk:"delay"`
	DeleteData types.Bool   `tfsdk:"delete_data"`
}

// defaultDimensions are of the profile lean, and few enough in number that a summary is small.
var defaultDimensions = []string{
	"observer.ip", "network.transport", "network.application", "source.as.organization.name", "destination.as.organization.name",
	"source.geo.country_iso_code", "destination.geo.country_iso_code",
}

// summary is what there is of it: as it is wanted, or as Elasticsearch has it. Parts that are not there are nil.
type summary struct {
	name      string
	transform map[string]any
	template  map[string]any
	state     string // of the transform: started, indexing, stopped, failed …
	shape     string // of the summaries in the index, as its mapping says; empty: there is no index
	documents int64  // in the index
}

// running is the state that is wanted. While a transform works it is called indexing.
const running = "started"

// NewResource makes the resource.
var NewResource = elasticresource.New[Model, summary, *Model](elasticresource.Kind[Model, summary]{
	Type:        ResourceType,
	Thing:       "flow summary",
	Description: description,
	Privileges:  []string{"monitor", "manage_index_templates", "manage_transform"},
	Attributes:  attributes,
	Name:        func(m *Model) *types.String { return &m.Name },
	Validate:    validate,
	Desired: func(_ context.Context, m *Model, _ elasticresource.Context) (summary, bool, diag.Diagnostics) {
		s, known := m.spec()
		return s.wanted(), known, nil
	},
	Facts:  facts,
	Ours:   func(found summary) bool { return found.foreign() == "" },
	Read:   read,
	Write:  write,
	Remove: remove,
	Stays:  stays,
	Import: imported,
})

// spec is what a configuration asks for.
type spec struct {
	name, source, interval, retention, delay string
	dimensions                               []string
}

func (m *Model) spec() (s spec, known bool) {
	dimensions, known := hostresource.Strings(m.Dimensions)
	for _, v := range []types.String{m.Name, m.Source, m.Interval, m.Retention, m.Delay} {
		known = known && !v.IsUnknown()
	}
	return spec{
		name: m.Name.ValueString(), source: m.Source.ValueString(), interval: m.Interval.ValueString(), retention: m.Retention.ValueString(),
		delay: m.Delay.ValueString(), dimensions: dimensions,
	}, known
}

// validate holds the dimensions to fields that a document has, and the times to what Elasticsearch takes.
func validate(_ context.Context, m *Model) (diags diag.Diagnostics) {
	const wrong = "Unable to use the flow summary"
	dimensions, _ := hostresource.Strings(m.Dimensions)
	seen := map[string]bool{}
	for i, name := range dimensions {
		err := checkDimension(name)
		if err == nil && seen[name] {
			err = fmt.Errorf("%s is there twice", name)
		}
		seen[name] = true
		if err != nil {
			diags.AddAttributeError(path.Root("dimensions").AtListIndex(i), wrong, connection.Explain(err)+".")
		}
	}
	for at, text := range map[string]types.String{"interval": m.Interval, "retention": m.Retention, "delay": m.Delay} {
		if text.IsNull() || text.IsUnknown() {
			continue
		}
		d, err := elasticresource.ParseTime(text.ValueString())
		if err == nil && at == "interval" && d < time.Minute {
			err = errors.New("less than a minute is no summary")
		}
		if err != nil {
			diags.AddAttributeError(path.Root(at), wrong, connection.Explain(err)+".")
		}
	}
	if !m.Name.IsUnknown() && !m.Source.IsUnknown() && !m.Name.IsNull() {
		source := m.Source.ValueString()
		if source == "" {
			source = DefaultSource
		}
		if name := m.Name.ValueString(); name == source || strings.HasPrefix(name, source+"-") {
			diags.AddAttributeError(path.Root("name"), wrong, fmt.Sprintf("Searches for flows in %s* would find the summaries, too, and count everything twice: choose a name "+
				"that does not begin with %s.", source, source))
		}
	}
	return diags
}

// checkDimension tells whether flows can be told apart by a field.
func checkDimension(name string) error {
	for i := range flows.Fields {
		field := &flows.Fields[i]
		if field.Name != name {
			continue
		}
		switch {
		case !field.DocValues || field.Type == "geo_point" || field.Type == "flattened" || field.Type == "date":
			return fmt.Errorf("flows cannot be grouped by %s, which is a %s", name, field.Type)
		case !field.Index:
			return fmt.Errorf("%s is there to be summed up, not to group by", name)
		}
		return nil
	}
	return fmt.Errorf("%q is not a field of the documents", name)
}

// facts are what a person would say about a summary.
func facts(s summary) host.Facts {
	found := host.Facts{}
	if s.transform == nil {
		found["transform"] = "none"
	} else {
		found["transform"] = s.state
		transformFacts(found, s.transform)
	}
	if s.template == nil {
		found["index template"] = "none"
	} else {
		found["index template"] = "there"
		templateFacts(found, s.template)
	}
	return found
}

// transformFacts leave out what Elasticsearch adds to a transform.
func transformFacts(found host.Facts, transform map[string]any) {
	elasticresource.Flatten(found, "source", elasticresource.Object(transform["source"])["index"])
	elasticresource.Flatten(found, "index", elasticresource.Object(transform["dest"])["index"])
	elasticresource.Flatten(found, "frequency", transform["frequency"])
	elasticresource.Flatten(found, "sync", elasticresource.Object(transform["sync"])["time"])
	elasticresource.Flatten(found, "retention", elasticresource.Object(transform["retention_policy"])["time"])
	elasticresource.Flatten(found, "description", transform["description"])
	pivot := elasticresource.Object(transform["pivot"])
	elasticresource.Flatten(found, "group by", pivot["group_by"])
	elasticresource.Flatten(found, "sum", pivot["aggregations"])
}

func templateFacts(found host.Facts, template map[string]any) {
	for name, value := range template {
		switch name {
		case "composed_of":
		case "template":
			elasticresource.Flatten(found, "template", value)
		default:
			elasticresource.Flatten(found, "template "+strings.TrimPrefix(name, "_"), value)
		}
	}
}

// foreign names a part that flowstack did not make; empty: there is none.
func (s summary) foreign() string {
	if s.transform != nil && !strings.HasSuffix(elasticresource.Text(s.transform["description"]), mark) {
		return "transform " + s.name
	}
	if s.template != nil && elasticresource.Object(s.template["_meta"])["managed_by"] != flows.ManagedByTerraform {
		return "index template " + s.name
	}
	return ""
}
