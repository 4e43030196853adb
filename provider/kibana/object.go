package kibana

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

// ObjectType is the type of the resource for one saved object.
const ObjectType = "flowstack_kibana_object"

var (
	color        = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)
	defaultSpace = stringdefault.StaticString(kbn.DefaultSpace)
	objectWord   = regexp.MustCompile(`^[a-z][a-zA-Z0-9_-]*$`)
)

type objectModel struct {
	elasticresource.Common
	Space      types.String `tfsdk:"space"`
	Type       types.String `tfsdk:"type"`
	ObjectID   types.String `tfsdk:"object_id"`
	Attributes types.String `tfsdk:"attributes"`
	References types.List   `tfsdk:"references"`
}

// referenceType is the type of an element of references.
var referenceType = types.ObjectType{AttrTypes: map[string]attr.Type{"name": types.StringType, "type": types.StringType, "id": types.StringType}}

// NewObject makes the resource.
var NewObject = elasticresource.New[objectModel, kbn.Object, *objectModel](objectKind)

var objectKind = elasticresource.Kind[objectModel, kbn.Object]{
	Type:  ObjectType,
	Thing: "Kibana object",
	Description: "One saved object of Kibana, such as an index pattern: read, compared and removed for itself. For many that belong together, as Kibana exports them, " +
		"there is `" + DashboardsType + "`. What Kibana changes by itself (versions, how popular a field is, the form of JSON inside) is no drift. " +
		"Attributes that Kibana adds and the configuration does not name are left as they are.",
	Privileges:    []string{"saved objects management, all"},
	Kibana:        true,
	Attributes:    objectAttributes,
	Name:          func(m *objectModel) *types.String { return &m.ObjectID },
	NameAttribute: "object_id",
	Within: []elasticresource.Part[objectModel]{
		{Attribute: "space", Of: func(m *objectModel) *types.String { return &m.Space }, Default: kbn.DefaultSpace},
		{Attribute: "type", Of: func(m *objectModel) *types.String { return &m.Type }},
	},
	Validate: validateObject,
	Desired:  wantedObject,
	Facts:    objectFacts,
	Read:     readObject,
	Write:    writeObject,
	Remove: func(ctx context.Context, m *objectModel, c elasticresource.Context) error {
		return c.Kibana.DeleteObject(ctx, m.Space.ValueString(), m.name())
	},
	Import: importedObject,
}

var objectAttributes = map[string]schema.Attribute{
	"space": spaceAttribute,
	"type": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "Its type: `index-pattern`, `dashboard`, `visualization`, `lens`, `search`, `map`, … Changing it replaces the object.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		Validators:          []validator.String{stringvalidator.RegexMatches(objectWord, "a type of saved objects is a word")},
	},
	"object_id": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "Its id, which other objects refer to, such as `flows-*`. Changing it replaces the object.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"attributes": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "Its attributes, a JSON object: `jsonencode({ title = \"flows-*\", timeFieldName = \"@timestamp\" })`.",
		PlanModifiers:       []planmodifier.String{semantic.JSON()},
	},
	"references": schema.ListNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Objects that it needs, in the same space.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{Required: true, MarkdownDescription: "The name that the attributes refer to it by."},
			"type": schema.StringAttribute{Required: true, MarkdownDescription: "The type of the other object."},
			"id":   schema.StringAttribute{Required: true, MarkdownDescription: "The id of the other object."},
		}},
	},
}

func (m *objectModel) name() kbn.ObjectID {
	return kbn.ObjectID{Type: m.Type.ValueString(), ID: m.ObjectID.ValueString()}
}

func (m *objectModel) attributes() (map[string]any, error) {
	var attributes map[string]any
	if err := json.Unmarshal([]byte(m.Attributes.ValueString()), &attributes); err != nil || attributes == nil {
		return nil, fmt.Errorf("it is no JSON object: %w", err)
	}
	return attributes, nil
}

func validateObject(_ context.Context, m *objectModel) diag.Diagnostics {
	if m.Attributes.IsUnknown() || m.Attributes.IsNull() {
		return nil
	}
	if _, err := m.attributes(); err != nil {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("attributes"), "Unable to use the attributes of the Kibana object", connection.Explain(err)+".")}
	}
	return nil
}

// object is what the model asks for; known is false while something in it is unknown.
func (m *objectModel) object() (object kbn.Object, known bool, err error) {
	known = !m.Attributes.IsUnknown() && !m.Type.IsUnknown() && !m.ObjectID.IsUnknown() && !m.Space.IsUnknown() && !m.References.IsUnknown()
	object = kbn.Object{Type: m.Type.ValueString(), ID: m.ObjectID.ValueString()}
	for _, element := range m.References.Elements() {
		of, ok := element.(types.Object)
		text := func(name string) string {
			value, isText := of.Attributes()[name].(types.String)
			known = known && ok && isText && !value.IsUnknown()
			return value.ValueString()
		}
		object.References = append(object.References, kbn.Reference{Name: text("name"), Type: text("type"), ID: text("id")})
	}
	if known {
		object.Attributes, err = m.attributes()
	}
	return object, known, err
}

func wantedObject(_ context.Context, m *objectModel, _ elasticresource.Context) (kbn.Object, bool, diag.Diagnostics) {
	object, known, err := m.object()
	if err != nil {
		return object, false, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("attributes"), "Unable to use the attributes of the Kibana object",
			connection.Explain(err)+".")}
	}
	return object, known, nil
}

// objectFacts are short texts as they are, and digests of what is longer.
func objectFacts(object kbn.Object) host.Facts {
	facts := host.Facts{}
	for name, digest := range object.Parts() {
		facts[name] = digest
		switch value := object.Attributes[name].(type) {
		case string:
			if len(value) <= longestFact && (value == "" || value[0] != '{' && value[0] != '[') {
				facts[name] = value
			}
		case bool, float64:
			facts[name] = fmt.Sprint(value)
		}
	}
	return facts
}

// longestFact is the longest text that is shown whole.
const longestFact = 200

// readObject leaves out attributes that the configuration does not name: Kibana adds some.
func readObject(ctx context.Context, m *objectModel, c elasticresource.Context) (kbn.Object, bool, error) {
	found, err := c.Kibana.Objects(ctx, m.Space.ValueString(), []kbn.ObjectID{m.name()})
	if err != nil {
		return kbn.Object{}, false, err
	}
	object, there := found[m.name()]
	if !there || m.Attributes.IsNull() {
		return object, there, nil
	}
	named, err := m.attributes()
	if err != nil {
		return object, true, err
	}
	for name := range object.Attributes {
		if _, ours := named[name]; !ours {
			delete(object.Attributes, name)
		}
	}
	return object, true, nil
}

// writeObject keeps the attributes that the configuration does not name.
func writeObject(ctx context.Context, change elasticresource.Change[objectModel, kbn.Object]) error {
	space := change.Plan.Space
	if err := within(ctx, change.Kibana, space); err != nil {
		return err
	}
	want := change.Want
	want.Attributes = maps.Clone(want.Attributes)
	if change.There {
		found, err := change.Kibana.Objects(ctx, space.ValueString(), []kbn.ObjectID{want.Name()})
		if err != nil {
			return err
		}
		now := found[want.Name()]
		former := map[string]any{}
		if change.Prior != nil {
			if former, err = change.Prior.attributes(); err != nil {
				return err
			}
		}
		for name, value := range now.Attributes {
			_, wanted := want.Attributes[name]
			_, ours := former[name]
			if !wanted && !ours {
				want.Attributes[name] = value
			}
		}
		want.MigrationVersion = now.MigrationVersion
	}
	return change.Kibana.PutObject(ctx, space.ValueString(), want)
}

func importedObject(_ context.Context, m *objectModel, found kbn.Object) diag.Diagnostics {
	content, err := json.Marshal(found.Attributes)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to import the Kibana object", connection.Explain(err))}
	}
	m.Attributes = types.StringValue(string(content))
	m.References = types.ListNull(referenceType)
	if len(found.References) > 0 {
		elements := make([]attr.Value, len(found.References))
		for i, r := range found.References {
			elements[i] = types.ObjectValueMust(referenceType.AttrTypes, map[string]attr.Value{
				"name": types.StringValue(r.Name), "type": types.StringValue(r.Type), "id": types.StringValue(r.ID),
			})
		}
		m.References = types.ListValueMust(referenceType, elements)
	}
	return nil
}
