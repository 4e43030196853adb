package provider_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

var update = flag.Bool("update", false, "record schemas and attributes that are new; what is recorded stays as it is")

// TestFormerStatesAreRead holds the promise that states of former versions are read. Each version of each schema is recorded, with a state that has all of its attributes. The test fails
// when a schema lost something of what was recorded of its version; and it upgrades every state that was ever recorded, and reads it.
func TestFormerStatesAreRead(t *testing.T) {
	server, schemas, identities := offline(t)
	for name, now := range schemas {
		t.Run(name, func(t *testing.T) {
			if *update {
				record(t, name, now, identities[name])
			}
			for version := range now.Version + 1 {
				former, err := recorded(name, version)
				if err != nil {
					t.Errorf("%v: record what is new with go test ./provider -run TestFormerStatesAreRead -update; what a release had has to stay", err)
					continue
				}
				if version == now.Version {
					expectRecorded(t, name, version, former.Schema, shapeOf(now.Block.Attributes))
				}
				if diff := cmp.Diff(former.IdentitySchema, identityShape(identities[name])); diff != "" {
					t.Errorf("the identity is not as recorded, and nothing upgrades identities yet (-then +now):\n%s", diff)
				}
				expectRead(t, server, name, version, former, now, identities[name])
			}
		})
	}
	folders, err := os.ReadDir(recordings)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if schemas[folder.Name()] == nil {
			t.Errorf("there is no %s any more: nobody can read its states, or remove what it made. Deprecate it first.", folder.Name())
		}
	}
}

// offline is a provider whose hosts and servers are not known yet: it reads a state by taking it for true.
func offline(t *testing.T) (tfprotov6.ProviderServer, map[string]*tfprotov6.Schema, map[string]*tfprotov6.ResourceIdentitySchema) {
	t.Helper()
	ctx := context.Background()
	server := providerserver.NewProtocol6(provider.New("test", new(connection.Pool))())()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	succeed(t, err, schemas.Diagnostics)
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	succeed(t, err, identities.Diagnostics)
	kind, ok := schemas.Provider.ValueType().(tftypes.Object)
	if !ok {
		t.Fatal("the provider's configuration is no object")
	}
	unknown := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		unknown[name] = tftypes.NewValue(attribute, tftypes.UnknownValue)
	}
	config, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, unknown))
	succeed(t, err, nil)
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: &config})
	succeed(t, err, configured.Diagnostics)
	return server, schemas.ResourceSchemas, identities.IdentitySchemas
}

// expectRecorded: nothing of what was recorded of a version may be gone, and what is new has to be recorded, or nobody would notice when it goes.
func expectRecorded(t *testing.T, name string, version int64, then, now shape) {
	t.Helper()
	for _, gone := range then.lost(now) {
		t.Errorf("%s: states of version %d would lose it. Append a step to the kind's Upgrades, which makes this version %d, and record that with -update. What no release had may "+
			"be recorded anew: delete %s first.", gone, version, version+1, file(name, version))
	}
	for _, added := range now.lost(then) {
		if _, there := then[added.at]; !there {
			t.Errorf("%s is not recorded: go test ./provider -run TestFormerStatesAreRead -update", added.at)
		}
	}
}

// expectRead upgrades a recorded state and reads it, as a plan does first. It keeps all that the schema still has as it was.
func expectRead(
	t *testing.T, server tfprotov6.ProviderServer, name string, version int64, former recording, now *tfprotov6.Schema, identity *tfprotov6.ResourceIdentitySchema,
) {
	t.Helper()
	ctx := t.Context()
	upgraded, err := server.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{TypeName: name, Version: version, RawState: raw(t, former.State)})
	succeed(t, err, upgraded.Diagnostics)
	known, err := raw(t, former.Identity).Unmarshal(identity.ValueType())
	succeed(t, err, nil)
	packed, err := tfprotov6.NewDynamicValue(identity.ValueType(), known)
	succeed(t, err, nil)
	// The first of them is what a Terraform or OpenTofu asks with that keeps no identities.
	for _, identified := range []*tfprotov6.ResourceIdentityData{nil, {IdentityData: &packed}} {
		read, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: name, CurrentState: upgraded.UpgradedState, CurrentIdentity: identified})
		succeed(t, err, read.Diagnostics)
		kept, err := read.NewIdentity.IdentityData.Unmarshal(identity.ValueType())
		succeed(t, err, nil)
		if !kept.Equal(known) {
			t.Errorf("version %d: the identity was %s and is read as %s", version, known, kept)
		}
		expectKept(t, version, former, read.NewState, now)
	}
}

// expectKept compares all that the schema still has with what was recorded.
func expectKept(t *testing.T, version int64, former recording, read *tfprotov6.DynamicValue, now *tfprotov6.Schema) {
	t.Helper()
	state, err := read.Unmarshal(now.ValueType())
	succeed(t, err, nil)
	var after map[string]tftypes.Value
	if err := state.As(&after); err != nil || len(after) == 0 {
		t.Fatalf("version %d: it is read as %s, %v", version, state, err)
	}
	shapes := shapeOf(now.Block.Attributes)
	compared := 0
	for attribute, before := range former.State {
		if len(former.Schema.of(attribute).lost(shapes)) > 0 {
			continue // what became of it is the step's business
		}
		compared++
		want, err := raw(t, before).Unmarshal(after[attribute].Type())
		succeed(t, err, nil)
		if !want.Equal(after[attribute]) {
			t.Errorf("version %d: %s was %s and is read as %s", version, attribute, want, after[attribute])
		}
	}
	if compared == 0 {
		t.Errorf("version %d: nothing of it was compared", version)
	}
}

func raw(t *testing.T, value any) *tfprotov6.RawState {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return &tfprotov6.RawState{JSON: text}
}

func succeed(t *testing.T, err error, said []*tfprotov6.Diagnostic) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range said {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			t.Fatalf("%s: %s", d.Summary, d.Detail)
		}
	}
}
