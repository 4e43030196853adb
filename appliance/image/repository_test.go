package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRepository lays out a repository of one package.
func TestRepository(t *testing.T) {
	folder := t.TempDir()
	tree := filepath.Join(folder, "tree")
	control := "Package: elasticsearch\nVersion: 7.17.29\nArchitecture: amd64\nMaintainer: tests <tests@flowstack.example>\nDescription: a package for tests\n"
	for _, err := range []error{
		os.MkdirAll(filepath.Join(tree, "DEBIAN"), 0o755), os.WriteFile(filepath.Join(tree, "DEBIAN/control"), []byte(control), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	deb := filepath.Join(folder, "elasticsearch-7.17.29-amd64.deb")
	if out, err := exec.CommandContext(t.Context(), "dpkg-deb", "--root-owner-group", "--build", tree, deb).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	w := &workshop{work: t.TempDir(), spec: Spec{Elastic: folder}}
	if err := w.repository(t.Context()); err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(w.path("flowstack/packages/Packages"))
	if err != nil {
		t.Fatal(err)
	}
	digest, err := digestOf(w.path("flowstack/packages/elasticsearch-7.17.29-amd64.deb"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := digestOf(deb)
	if err != nil || digest != want {
		t.Errorf("the copy is another one: %v", err)
	}
	for _, line := range []string{"Package: elasticsearch\n", "Filename: ./elasticsearch-7.17.29-amd64.deb\n", "SHA256: " + want + "\n"} {
		if !strings.Contains(string(index), line) {
			t.Errorf("%q is missing in\n%s", line, index)
		}
	}
	w.spec.Elastic = t.TempDir()
	if err := w.repository(t.Context()); err == nil || !strings.Contains(err.Error(), "no .deb") {
		t.Errorf("an empty folder: %v", err)
	}
}
