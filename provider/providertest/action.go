package providertest

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
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
	configured, schemas := configure(ctx, t, Block{Hosts: hosts})
	//nolint:staticcheck // until plugin-go has moved these methods into ProviderServer
	server, ok := configured.(tfprotov6.ProviderServerWithActions)
	if !ok {
		t.Fatal("the provider has no actions")
	}
	schema, ok := schemas.ActionSchemas[actionType]
	if !ok {
		t.Fatalf("there is no action %s", actionType)
	}
	value := dynamic(t, object(t, schema.Schema.ValueType(), config))
	validated, err := server.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: actionType, Config: value})
	must(t, err, nil)
	if said := errorsOf(validated.Diagnostics); len(said) > 0 {
		return nil, nil, said
	}
	plan, err := server.PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: actionType, Config: value})
	must(t, err, nil)
	return server, value, errorsOf(plan.Diagnostics)
}
