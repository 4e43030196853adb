package schema

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// notOfECS are the fields that are not flow.* and differ from ECS 1.12, each with the reason.
var notOfECS = map[string]string{}

// lines are those of a file in testdata that are neither comments nor empty.
func lines(t *testing.T, name string) [][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, strings.Split(line, ","))
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no lines", name)
	}
	return all
}

// TestNamesAndTypesAreThoseOfECS: what is not flow.* or collector.* is a field of ECS, of its type.
func TestNamesAndTypesAreThoseOfECS(t *testing.T) {
	ecs := map[string]string{}
	for _, line := range lines(t, "ecs-1.12.csv") {
		ecs[line[0]] = line[1]
	}
	used := map[string]bool{}
	for _, f := range slices.Concat(Fields, healthFields) {
		if strings.HasPrefix(f.Name, "flow.") || strings.HasPrefix(f.Name, "collector.") {
			if ecs[f.Name] != "" {
				t.Errorf("ECS has %s of its own", f.Name)
			}
			continue
		}
		if kind := ecs[f.Name]; kind != f.Type {
			if notOfECS[f.Name] == "" {
				t.Errorf("%s is a %s; with ECS it is %q, and no reason is given", f.Name, f.Type, kind)
			}
			used[f.Name] = true
		}
	}
	for name := range notOfECS {
		if !used[name] {
			t.Errorf("%s is as in ECS, and has a reason why it is not", name)
		}
	}
}
