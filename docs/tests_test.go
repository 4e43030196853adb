package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest = regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]*)(?:/[^`]*)?`")
	ownTest   = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
)

// TestNamedTestsExist: where the documentation says that a test holds something, there is this test.
func TestNamedTestsExist(t *testing.T) {
	there, named := map[string]bool{}, map[string][]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".md") && !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".md") {
			for _, m := range namedTest.FindAllStringSubmatch(string(text), -1) {
				named[m[1]] = append(named[m[1]], path)
			}
			return nil
		}
		for _, m := range ownTest.FindAllStringSubmatch(string(text), -1) {
			there[m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(named) < 20 {
		t.Errorf("the documentation names %d tests", len(named))
	}
	for name, pages := range named {
		if !there[name] {
			t.Errorf("%s: there is no %s", strings.Join(pages, ", "), name)
		}
	}
}
