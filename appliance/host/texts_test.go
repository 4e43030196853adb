package host

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadTexts: a symbolic link is read as programs read it, and what cannot be read is not taken for absent.
func TestReadTexts(t *testing.T) {
	l := newLocal(t)
	at := func(name string) string { return filepath.Join(l.root, name) }
	l.write("file", "text\n")
	for link, to := range map[string]string{"link": "file", "relative": "proc/../link", "dangling": "nothing", "circle": "circle"} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadTexts(t.Context(), l, at("file"), at("link"), at("relative"), at("dangling"), at("none"), at("file/below"))
	want := map[string]string{at("file"): "text\n", at("link"): "text\n", at("relative"): "text\n"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	for name, says := range map[string]string{"proc": "it is a directory", "circle": "symbolic link"} {
		if got, err := ReadTexts(t.Context(), l, at(name)); err == nil || !strings.Contains(err.Error(), at(name)) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
