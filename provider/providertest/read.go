package providertest

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// ReadGone reads a resource that is not there, by the provider protocol and as Terraform and OpenTofu 1.11 ask: without an identity. It expects that the resource is
// gone from the state, and an answer that has an identity all the same, which the protocol wants.
func ReadGone(ctx context.Context, t *testing.T, block Block, name string, state map[string]tftypes.Value) {
	t.Helper()
	server, schemas := configure(ctx, t, block)
	schema, ok := schemas.ResourceSchemas[name]
	if !ok {
		t.Fatalf("there is no resource %s", name)
	}
	kind := schema.ValueType()
	read, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: name, CurrentState: dynamic(t, object(t, kind, state))})
	must(t, err, read.Diagnostics)
	left, err := read.NewState.Unmarshal(kind)
	if err != nil {
		t.Fatal(err)
	}
	if !left.IsNull() {
		t.Errorf("%s: the state is %s", name, left)
	}
	if read.NewIdentity == nil {
		t.Errorf("%s: the answer has no identity", name)
	}
}
