//go:build packaging

package main

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

func TestPackageFiles(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	folder := t.TempDir()
	cmd := root()
	cmd.SetArgs([]string{"package-files", "--changelog", "../../../CHANGELOG.md", "--package-version", "1.2.3~dev", folder})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, command := range root().Commands() {
		if command.Hidden {
			continue
		}
		page := unzip(t, filepath.Join(folder, "man", "flowcollector-"+command.Name()+".1.gz"))
		if !strings.Contains(page, ".TH ") || !strings.Contains(page, "1.2.3~dev") || !strings.Contains(page, ".BR flowcollector.yml (5)") {
			t.Errorf("page of %s:\n%s", command.Name(), page)
		}
	}
	page := unzip(t, filepath.Join(folder, "man", "flowcollector.yml.5.gz"))
	for _, k := range config.Keys() {
		if !strings.Contains(page, "\n.BR "+roff(k.Key)+" ") {
			t.Errorf("flowcollector.yml(5) has no %s", k.Key)
		}
	}
	for _, name := range []string{"flowcollector", "_flowcollector", "flowcollector.fish"} {
		if content, err := os.ReadFile(filepath.Join(folder, "completions", name)); err != nil || !strings.Contains(string(content), "__complete") {
			t.Errorf("completions/%s: %v, %d octets", name, err, len(content))
		}
	}
	if log := unzip(t, filepath.Join(folder, "changelog.gz")); !strings.HasPrefix(log, "flowcollector (1.2.3~dev) ") {
		t.Errorf("the changelog begins with %.80q", log)
	}
}

func TestPackageFilesNeedADate(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	cmd := root()
	cmd.SetArgs([]string{"package-files", t.TempDir()})
	if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), `"yesterday" is not a number`) {
		t.Errorf("error %v", err)
	}
}

func unzip(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if z.Name != "" || !z.ModTime.IsZero() {
		t.Errorf("%s names %q, %s", path, z.Name, z.ModTime)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		"plain":      "plain",
		".request":   `\&.request`,
		"'request":   `\&'request`,
		`a\b "c" -d`: `a\eb \(dqc\(dq \-d`,
		"two\nlines": "two lines",
	} {
		if got := roff(text); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}

func TestDebianChangelog(t *testing.T) {
	date := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got, err := debianChangelog([]byte("# Changelog\n\nIntroduction.\n\n## 1.0.0\n\n### Added\n\n- "+strings.Repeat("word ", 20)+"\n  end\n- Two\n\n### Fixed\n\n- Three\n\n## 0.9\n\n- Old\n"), "1.0.0", date)
	want := `flowcollector (1.0.0) stable; urgency=medium

  [ Added ]
  * ` + strings.TrimSpace(strings.Repeat("word ", 15)) + `
    word word word word word end
  * Two

  [ Fixed ]
  * Three

 -- flowstack maintainers <maintainers@flowstack.dev>  Fri, 02 Jan 2026 03:04:05 +0000
`
	if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, bad := range []string{"", "# Changelog\n", "## 1.0.0\n\n## 0.9\n\n- Old\n"} {
		if got, err := debianChangelog([]byte(bad), "1.0.0", date); err == nil {
			t.Errorf("%q became %q", bad, got)
		}
	}
}
