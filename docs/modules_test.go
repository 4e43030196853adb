package docs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/flowstack/terraform-provider-flowstack/tools/block"
)

var update = flag.Bool("update", false, "write the tables of the modules' pages anew")

// TestModules holds that the page of each module has all of its variables and outputs, as the code has them.
func TestModules(t *testing.T) {
	pages, err := filepath.Glob("../modules/*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) == 0 {
		t.Fatal("there is no module")
	}
	for _, page := range pages {
		folder := filepath.Dir(page)
		var variables, outputs strings.Builder
		variables.WriteString("| variable | type | default | |\n|---|---|---|---|\n")
		outputs.WriteString("| output | |\n|---|---|\n")
		for _, b := range blocks(t, filepath.Join(folder, "variables.tf"), "variable") {
			fallback := "**required**"
			if _, has := b.expressions["default"]; has {
				fallback = "`" + b.expressions["default"] + "`"
			}
			fmt.Fprintf(&variables, "| `%s` | `%s` | %s | %s |\n", b.name, b.expressions["type"], fallback, b.description(t))
		}
		for _, b := range blocks(t, filepath.Join(folder, "outputs.tf"), "output") {
			fmt.Fprintf(&outputs, "| `%s` | %s |\n", b.name, b.description(t))
		}
		file := page
		if !*update {
			file = filepath.Join(t.TempDir(), "README.md")
			if err := os.WriteFile(file, contentOf(t, page), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for name, table := range map[string]string{"variables": variables.String(), "outputs": outputs.String()} {
			if err := block.Replace(file, name, table); err != nil {
				t.Fatal(err)
			}
		}
		if string(contentOf(t, page)) != string(contentOf(t, file)) {
			t.Errorf("%s is not what the module says: go test ./docs -run TestModules -update", page)
		}
	}
}

// hclBlock is a block with a label, and the text of its attributes on one line each.
type hclBlock struct {
	name        string
	expressions map[string]string
}

func (b hclBlock) description(t *testing.T) string {
	t.Helper()
	text, diags := hclsyntax.ParseExpression([]byte(b.expressions["description"]), b.name, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s has no description: %v", b.name, diags)
	}
	value, diags := text.Value(nil)
	if diags.HasErrors() || !strings.HasSuffix(value.AsString(), ".") {
		t.Fatalf("the description of %s is no sentence: %v", b.name, diags)
	}
	return strings.ReplaceAll(value.AsString(), "|", `\|`)
}

func blocks(t *testing.T, path, kind string) []hclBlock {
	t.Helper()
	text := contentOf(t, path)
	file, diags := hclsyntax.ParseConfig(text, path, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var all []hclBlock
	for _, b := range file.Body.(*hclsyntax.Body).Blocks {
		if b.Type != kind {
			continue
		}
		expressions := map[string]string{}
		for name, attribute := range b.Body.Attributes {
			expressions[name] = oneLine(string(attribute.Expr.Range().SliceBytes(text)))
		}
		all = append(all, hclBlock{b.Labels[0], expressions})
	}
	if len(all) == 0 {
		t.Fatalf("%s has no %s", path, kind)
	}
	return all
}

// oneLine writes an object's attributes, which have a line each, with commas between.
func oneLine(expression string) string {
	var lines []string
	for line := range strings.Lines(expression) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.NewReplacer("{, ", "{ ", ", }", " }").Replace(strings.Join(lines, ", "))
}

func contentOf(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
