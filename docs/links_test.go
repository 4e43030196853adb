// Package docs has the tests of the documentation.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	inline  = regexp.MustCompile("`[^`]*`")
	target  = regexp.MustCompile(`\]\(([^)\s]+)(?:\s+"[^"]*")?\)|(?:src|href)="([^"]+)"`)
	heading = regexp.MustCompile(`^#{1,6}\s+(.*)$`)
	linked  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	written = regexp.MustCompile(`<a (?:id|name)="([^"]+)">`)
)

// repository is what links of published pages to others begin with.
var repository = regexp.MustCompile(`^https://github\.com/flowstack/terraform-provider-flowstack/(?:blob|tree)/main/`)

// published tells whether registries have a page: they take these folders, and nothing else
// (https://developer.hashicorp.com/terraform/registry/providers/docs).
func published(path string) bool {
	inDocs, is := strings.CutPrefix(filepath.ToSlash(path), "../docs/")
	folder, _, within := strings.Cut(inDocs, "/")
	return is && (inDocs == "index.md" || within && slices.Contains([]string{
		"actions", "data-sources", "ephemeral-resources", "functions", "guides", "list-resources", "resources",
	}, folder))
}

// TestLinksLeadSomewhere follows each link of each Markdown file that leads into the repository: to a file, and to a heading in it. Pages that registries publish
// link to others that they publish, or by the repository's address.
func TestLinksLeadSomewhere(t *testing.T) {
	pages := map[string]page{}
	root := ".."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".github" || d.Name() == "bin" || d.Name() == "dist" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".md"):
			pages[path], err = read(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 50 {
		t.Fatalf("%d pages were found", len(pages))
	}
	followed := 0
	for path, p := range pages {
		for _, l := range p.links {
			within := repository.ReplaceAllString(l, "")
			if strings.Contains(within, "://") || strings.HasPrefix(l, "mailto:") {
				continue
			}
			followed++
			file, anchor, _ := strings.Cut(within, "#")
			to := path
			switch {
			case within != l:
				to = filepath.Join(root, file)
			case file != "":
				to = filepath.Join(filepath.Dir(path), file)
				if published(path) && !published(to) {
					t.Errorf("%s links to %s, which registries do not publish: link to the repository's address", path, l)
				}
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s: %v", path, l, err)
				continue
			}
			if other, is := pages[to]; anchor != "" && is && !other.anchors[anchor] {
				t.Errorf("%s links to %s: there is no such heading in %s", path, l, to)
			}
		}
	}
	if followed < 500 {
		t.Errorf("%d links were found", followed)
	}
}

// page is where the links of a Markdown file lead, and what others may link to in it.
type page struct {
	links   []string
	anchors map[string]bool
}

func read(path string) (page, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return page{}, err
	}
	p := page{anchors: map[string]bool{}}
	fenced := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if fenced || strings.HasPrefix(line, "    ") && !strings.Contains(line, "](") {
			continue
		}
		if h := heading.FindStringSubmatch(line); h != nil {
			p.anchors[anchor(h[1])] = true
		}
		for _, a := range written.FindAllStringSubmatch(line, -1) {
			p.anchors[a[1]] = true
		}
		for _, m := range target.FindAllStringSubmatch(inline.ReplaceAllString(line, ""), -1) {
			p.links = append(p.links, m[1]+m[2])
		}
	}
	return p, nil
}

// anchor is what GitHub and the registries make of a heading.
func anchor(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(linked.ReplaceAllString(heading, "$1")) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}
