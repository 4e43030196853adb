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

// Invoked is what came of an action.
type Invoked struct {
	Progress []string
	Errors   []string // summary, a line feed, and the detail; of the validation, the plan or the action itself
}

// Invoke runs an action as Terraform would, by the provider protocol: OpenTofu has none. hosts are the attributes of the hosts that the provider
// has, by their name, and config is what the action is given.
func Invoke(ctx context.Context, t *testing.T, hosts map[string]map[string]tftypes.Value, actionType string, config map[string]tftypes.Value) Invoked {
	t.Helper()
	server, value, said := planned(ctx, t, hosts, actionType, config)
	if len(said) > 0 {
		return Invoked{Errors: said}
	}
	stream, err := server.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: actionType, Config: value})
	if err != nil {
		t.Fatal(err)
	}
	var invoked Invoked
	completed := false
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			invoked.Progress = append(invoked.Progress, event.Message)
			t.Log(event.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			completed = true
			invoked.Errors = errorsOf(event.Diagnostics)
		}
	}
	if !completed {
		t.Fatal("the action did not say that it ended")
	}
	return invoked
}

// PlanAction validates and plans an action, and returns what is wrong with it.
func PlanAction(ctx context.Context, t *testing.T, hosts map[string]map[string]tftypes.Value, actionType string, config map[string]tftypes.Value) []string {
	t.Helper()
	_, _, said := planned(ctx, t, hosts, actionType, config)
	return said
}

// planned configures a provider and plans an action.
func planned(
	ctx context.Context, t *testing.T, hosts map[string]map[string]tftypes.Value, actionType string, config map[string]tftypes.Value,
) (tfprotov6.ProviderServerWithActions, *tfprotov6.DynamicValue, []string) { //nolint:staticcheck // as below
	t.Helper()
	var connections connection.Pool
	t.Cleanup(func() {
		if err := connections.Close(); err != nil {
			t.Log(err) // the host may have been stopped before
		}
	})
	//nolint:staticcheck // until plugin-go has moved these methods into ProviderServer
	server, ok := providerserver.NewProtocol6(provider.New("test", &connections)())().(tfprotov6.ProviderServerWithActions)
	if !ok {
		t.Fatal("the provider has no actions")
	}
	must := func(err error, said []*tfprotov6.Diagnostic) {
		t.Helper()
		if err != nil || len(errorsOf(said)) > 0 {
			t.Fatal(err, errorsOf(said))
		}
	}
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	must(err, schemas.Diagnostics)
	providerType, ok := schemas.Provider.ValueType().(tftypes.Object)
	if !ok {
		t.Fatal("the provider's configuration is no object")
	}
	hostsType, ok := providerType.AttributeTypes["hosts"].(tftypes.Map)
	if !ok {
		t.Fatal("hosts are no map")
	}
	entries := map[string]tftypes.Value{}
	for name, attributes := range hosts {
		entries[name] = object(t, hostsType.ElementType, attributes)
	}
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{
		Config: dynamic(t, object(t, providerType, map[string]tftypes.Value{"hosts": tftypes.NewValue(hostsType, entries)})),
	})
	must(err, configured.Diagnostics)
	schema, ok := schemas.ActionSchemas[actionType]
	if !ok {
		t.Fatalf("there is no action %s", actionType)
	}
	value := dynamic(t, object(t, schema.Schema.ValueType(), config))
	validated, err := server.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: actionType, Config: value})
	must(err, nil)
	if said := errorsOf(validated.Diagnostics); len(said) > 0 {
		return nil, nil, said
	}
	plan, err := server.PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: actionType, Config: value})
	must(err, nil)
	return server, value, errorsOf(plan.Diagnostics)
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
