package providertest

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// Block is the provider's block, for what is asked by the provider protocol since OpenTofu has it not. What is nil is not in it.
type Block struct {
	Hosts                 map[string]map[string]tftypes.Value // attributes by the name of the host
	Elasticsearch, Kibana map[string]tftypes.Value
}

// configure makes a provider of a block. Its connections end with the test.
func configure(ctx context.Context, t *testing.T, block Block) (tfprotov6.ProviderServer, *tfprotov6.GetProviderSchemaResponse) {
	t.Helper()
	var connections connection.Pool
	t.Cleanup(func() {
		if err := connections.Close(); err != nil {
			t.Log(err) // the host may have been stopped before
		}
	})
	server := providerserver.NewProtocol6(provider.New("test", &connections)())()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	must(t, err, schemas.Diagnostics)
	providerType, ok := schemas.Provider.ValueType().(tftypes.Object)
	if !ok {
		t.Fatal("the provider's configuration is no object")
	}
	hostsType, ok := providerType.AttributeTypes["hosts"].(tftypes.Map)
	if !ok {
		t.Fatal("hosts are no map")
	}
	entries := map[string]tftypes.Value{}
	for name, attributes := range block.Hosts {
		entries[name] = object(t, hostsType.ElementType, attributes)
	}
	attributes := map[string]tftypes.Value{"hosts": tftypes.NewValue(hostsType, entries)}
	for name, given := range map[string]map[string]tftypes.Value{"elasticsearch": block.Elasticsearch, "kibana": block.Kibana} {
		if given != nil {
			attributes[name] = object(t, providerType.AttributeTypes[name], given)
		}
	}
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: dynamic(t, object(t, providerType, attributes))})
	must(t, err, configured.Diagnostics)
	return server, schemas
}

func must(t *testing.T, err error, said []*tfprotov6.Diagnostic) {
	t.Helper()
	if err != nil || len(errorsOf(said)) > 0 {
		t.Fatal(err, errorsOf(said))
	}
}

func errorsOf(said []*tfprotov6.Diagnostic) []string {
	var texts []string
	for _, d := range said {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			texts = append(texts, d.Summary+"\n"+d.Detail)
		}
	}
	return texts
}

// object fills in null for the attributes that are not given.
func object(t *testing.T, of tftypes.Type, attributes map[string]tftypes.Value) tftypes.Value {
	t.Helper()
	kind, ok := of.(tftypes.Object)
	if !ok {
		t.Fatalf("%s is no object", of)
	}
	all := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		all[name] = tftypes.NewValue(attribute, nil)
		if value, given := attributes[name]; given {
			all[name] = value
		}
	}
	return tftypes.NewValue(kind, all)
}

func dynamic(t *testing.T, value tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	packed, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil {
		t.Fatal(err)
	}
	return &packed
}

// HostEntry are the attributes of one of the provider's hosts, reached with a key.
func HostEntry(address string, port int, hostKey, privateKey string) map[string]tftypes.Value {
	return map[string]tftypes.Value{
		"address":     tftypes.NewValue(tftypes.String, address),
		"port":        tftypes.NewValue(tftypes.Number, port),
		"host_keys":   tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{tftypes.NewValue(tftypes.String, hostKey)}),
		"private_key": tftypes.NewValue(tftypes.String, privateKey),
	}
}

// ServerEntry are the attributes of the provider's elasticsearch or kibana, asked as elastic.
func ServerEntry(endpoint, password, authority string) map[string]tftypes.Value {
	attributes := map[string]tftypes.Value{}
	for name, value := range map[string]string{"endpoint": endpoint, "username": "elastic", "password": password, "ca_certificate": authority} {
		attributes[name] = tftypes.NewValue(tftypes.String, value)
	}
	return attributes
}
