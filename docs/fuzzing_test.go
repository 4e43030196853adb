package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	fuzzRow    = regexp.MustCompile(`(?m)^\| (Fuzz\w+(?:, Fuzz\w+)*) \|.*\|.*\|$`)
)

// TestFuzzTargets: the table of targets has all that there are, and nothing else.
func TestFuzzTargets(t *testing.T) {
	var targets []string
	for _, wing := range []string{"appliance", "collector", "provider"} { // those of tools/fuzz.sh
		err := filepath.WalkDir(filepath.Join("..", wing), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, found := range fuzzTarget.FindAllSubmatch(text, -1) {
				targets = append(targets, string(found[1]))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile("fuzzing.md")
	if err != nil {
		t.Fatal(err)
	}
	table, _, _ := strings.Cut(string(page), "## What has been run")
	found := fuzzRow.FindAllStringSubmatch(table, -1)
	rows := make([]string, 0, len(found))
	for _, row := range found {
		rows = append(rows, strings.Split(row[1], ", ")...)
	}
	slices.Sort(targets)
	slices.Sort(rows)
	if diff := cmp.Diff(targets, rows); diff != "" || len(targets) == 0 {
		t.Errorf("the code's targets (-) and the page's (+):\n%s", diff)
	}
}
