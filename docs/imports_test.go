package docs

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/flowstack/terraform-provider-flowstack/"

// arrows are the wings of the house and what each may be made of, besides itself: directly or by way of others, which the linter does not see.
var arrows = map[string]struct {
	others    []string
	terraform bool
}{
	"collector": {},
	"appliance": {others: []string{"collector/schema"}},
	"provider":  {others: []string{"appliance", "collector/config", "collector/schema", "collector/exporterconfig"}, terraform: true},
}

// TestArrows holds the rule of CONTRIBUTING.md: who may know whom. What these few packages of the collector are made of themselves is theirs to say.
func TestArrows(t *testing.T) {
	packages := listed(t)
	for wing, may := range arrows {
		looked := 0
		for from, p := range packages {
			if !in(from, wing) || strings.HasSuffix(from, "test") {
				continue
			}
			looked++
			seen := map[string]bool{}
			var follow func(path, imports []string)
			follow = func(path, imports []string) {
				for _, i := range imports {
					name, own := strings.CutPrefix(i, module)
					switch {
					case seen[i]:
						continue
					case own && !in(name, wing) && !slices.ContainsFunc(may.others, func(other string) bool { return in(name, other) }):
						t.Errorf("%s → %s: %s may not know it", strings.Join(path, " → "), name, wing)
					case strings.HasPrefix(i, "github.com/hashicorp/") && !may.terraform:
						t.Errorf("%s → %s: %s knows no Terraform", strings.Join(path, " → "), i, wing)
					}
					seen[i] = true
					if own && in(name, wing) {
						follow(append(slices.Clone(path), name), packages[name])
					}
				}
			}
			follow([]string{from}, p)
		}
		if looked < 10 {
			t.Errorf("%s has %d packages", wing, looked)
		}
	}
}

func in(name, folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }

// listed are the packages of the repository by their folders, with what their code imports; tests may know everything.
func listed(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = ".."
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(text))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[strings.TrimPrefix(p.ImportPath, module)] = p.Imports
	}
}
