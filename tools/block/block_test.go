package block

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplace(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	const before = "# Page\n\n<!-- begin a -->\nold\n<!-- end a -->\n\nbetween\n<!-- begin b -->\n<!-- end b -->\nend\n"
	if err := os.WriteFile(page, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if err := Replace(page, "a", "\n| new |\n"); err != nil {
			t.Fatal(err)
		}
	}
	const want = "# Page\n\n<!-- begin a -->\n\n| new |\n\n<!-- end a -->\n\nbetween\n<!-- begin b -->\n<!-- end b -->\nend\n"
	if got, err := os.ReadFile(page); err != nil || string(got) != want {
		t.Errorf("%v, got\n%s", err, got)
	}
}

func TestReplaceWhatIsNotThere(t *testing.T) {
	for page, want := range map[string]string{
		"text\n":                             `there is no line "<!-- begin a -->"`,
		"<!-- begin a -->\nx\n":              `there is no line "<!-- end a -->"`,
		"<!-- end a -->\n<!-- begin a -->\n": `there is no line "<!-- end a -->"`,
	} {
		if _, err := replace([]byte(page), "a", "new"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", page, err, want)
		}
	}
	if err := Replace(filepath.Join(t.TempDir(), "none"), "a", ""); err == nil {
		t.Error("no error for a page that is not there")
	}
}
