package upgrade_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/upgrade"
)

// model is a resource whose schema changed twice: version 0 had the port as a text, and versions 0 and 1 called the path a file.
type model struct {
	hostresource.Common
	Path types.String `tfsdk:"path"`
	Port types.Int64  `tfsdk:"port"`
}

var errNoPort = errors.New("it has no port")

var steps = []upgrade.Step{
	func(attributes map[string]any) error {
		text, ok := attributes["port"].(string)
		if !ok {
			return errNoPort
		}
		attributes["port"] = strings.TrimSuffix(text, "/tcp")
		return nil
	},
	func(attributes map[string]any) error {
		attributes["path"] = attributes["file"]
		delete(attributes, "file")
		return nil
	},
}

// only is a provider with this resource.
type only struct{ kind hostresource.Kind[model] }

func (only) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "test"
}

func (only) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{}
}

func (only) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (only) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (o only) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{hostresource.New[model, *model](o.kind)}
}

func TestUpgrade(t *testing.T) {
	kind := hostresource.Kind[model]{Type: "test_thing", Thing: "thing", Upgrades: steps, Attributes: map[string]resourceschema.Attribute{
		"path": resourceschema.StringAttribute{Required: true},
		"port": resourceschema.Int64Attribute{Required: true},
	}}
	server := providerserver.NewProtocol6(only{kind})()
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	thing := schemas.ResourceSchemas["test_thing"]
	if thing.Version != 2 {
		t.Errorf("after two changes the schema has version %d", thing.Version)
	}
	for name, c := range map[string]struct {
		version   int64
		state     string
		path, err string
		port      int64
	}{
		"the first version":   {0, `{"id": "a", "host": "flow1", "file": "/etc/a", "port": "2055/tcp"}`, "/etc/a", "", 2055},
		"the one before":      {1, `{"id": "a", "host": "flow1", "file": "/etc/a", "port": 2055}`, "/etc/a", "", 2055},
		"a step fails":        {0, `{"id": "a", "host": "flow1", "file": "/etc/a"}`, "", "It is of version 0 of the schema, and this is version 2: the step to version 1: it has no port", 0},
		"something is left":   {1, `{"id": "a", "host": "flow1", "file": "/etc/a", "port": 2055, "more": 1}`, "", `unsupported attribute "more"`, 0},
		"no state":            {1, `[]`, "", "cannot unmarshal array", 0},
		"a version to come":   {3, `{"id": "a"}`, "", "version 3 upgrade", 0},
		"large numbers":       {1, `{"file": "/etc/a", "port": 9007199254740993}`, "/etc/a", "", 9007199254740993},
		"the present version": {2, `{"path": "/etc/a", "port": 2055}`, "/etc/a", "", 2055},
	} {
		t.Run(name, func(t *testing.T) {
			upgraded, err := server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
				TypeName: "test_thing", Version: c.version, RawState: &tfprotov6.RawState{JSON: []byte(c.state)},
			})
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			if len(upgraded.Diagnostics) > 0 {
				said = upgraded.Diagnostics[0].Detail
			}
			if c.err != "" || said != "" {
				if c.err == "" || !strings.Contains(said, c.err) {
					t.Errorf("it says %q, want %q", said, c.err)
				}
				return
			}
			value, err := upgraded.UpgradedState.Unmarshal(thing.ValueType())
			if err != nil {
				t.Fatal(err)
			}
			var attributes map[string]tftypes.Value
			if err := value.As(&attributes); err != nil {
				t.Fatal(err)
			}
			if want := tftypes.NewValue(tftypes.String, c.path); !attributes["path"].Equal(want) {
				t.Errorf("path is %s, want %s", attributes["path"], want)
			}
			if want := tftypes.NewValue(tftypes.Number, c.port); !attributes["port"].Equal(want) {
				t.Errorf("port is %s, want %s", attributes["port"], want)
			}
		})
	}
}
