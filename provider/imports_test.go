package provider_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

var (
	importCommand   = regexp.MustCompile(`(?m)^terraform import (\w+)\.(\w+) (?:'([^']+)'|"([^"]+)"|(\S+))$`)
	importBlock     = regexp.MustCompile(`(?s)^import \{\n  to +?= (\w+)\.(\w+)\n  identity = \{(.*?)\}\n\}\n$`)
	identityElement = regexp.MustCompile(`(\w+) += "([^"]+)"`)
)

// TestExamplesOfImports: each resource has an example of an import by id and one by identity, which mean the same and a resource of its example; unless it cannot be imported, and says why.
func TestExamplesOfImports(t *testing.T) {
	server, schemas, identities := offline(t)
	for name, schema := range schemas {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(providertest.Root(t), "examples", "resources", name)
			byID, err := server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: name, ID: "a/b/c"})
			if err != nil {
				t.Fatal(err)
			}
			if len(byID.Diagnostics) > 0 && strings.HasPrefix(byID.Diagnostics[0].Summary, "Unable to import") && !strings.Contains(byID.Diagnostics[0].Detail, "The import id has the form") {
				for _, file := range []string{"import.sh", "import-by-identity.tf"} {
					if _, err := os.Stat(filepath.Join(folder, file)); !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("it cannot be imported, and there is %s: %v", file, err)
					}
				}
				return
			}
			command := importCommand.FindStringSubmatch(content(t, folder, "import.sh"))
			block := importBlock.FindStringSubmatch(content(t, folder, "import-by-identity.tf"))
			if command == nil || block == nil {
				t.Fatalf("the examples have another form than the test can read: %q, %q", command, block)
			}
			for _, to := range [][]string{command, block} {
				if declared := regexp.MustCompile(`(?m)^resource "` + to[1] + `" "` + to[2] + `" \{$`); to[1] != name || !declared.MatchString(content(t, folder, "resource.tf")) {
					t.Errorf("resource.tf has no %s.%s", to[1], to[2])
				}
			}
			kind, ok := identities[name].ValueType().(tftypes.Object)
			if !ok {
				t.Fatal("the identity is no object")
			}
			given := map[string]tftypes.Value{}
			for attribute, of := range kind.AttributeTypes {
				given[attribute] = tftypes.NewValue(of, nil)
			}
			for _, element := range identityElement.FindAllStringSubmatch(block[3], -1) {
				given[element[1]] = tftypes.NewValue(tftypes.String, element[2])
			}
			identity, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, given))
			succeed(t, err, nil)
			byCommand := imported(t, server, schema, &tfprotov6.ImportResourceStateRequest{TypeName: name, ID: command[3] + command[4] + command[5]})
			byBlock := imported(t, server, schema, &tfprotov6.ImportResourceStateRequest{TypeName: name, Identity: &tfprotov6.ResourceIdentityData{IdentityData: &identity}})
			if !byCommand.Equal(byBlock) {
				t.Errorf("import.sh imports %s,\nimport-by-identity.tf %s", byCommand, byBlock)
			}
		})
	}
}

// imported is the state that an import begins with: what tells which it is.
func imported(t *testing.T, server tfprotov6.ProviderServer, schema *tfprotov6.Schema, req *tfprotov6.ImportResourceStateRequest) tftypes.Value {
	t.Helper()
	resp, err := server.ImportResourceState(t.Context(), req)
	succeed(t, err, resp.Diagnostics)
	if len(resp.ImportedResources) != 1 {
		t.Fatalf("%d resources are imported", len(resp.ImportedResources))
	}
	state, err := resp.ImportedResources[0].State.Unmarshal(schema.ValueType())
	succeed(t, err, nil)
	return state
}

func content(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
