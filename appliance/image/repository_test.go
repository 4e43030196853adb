package image

import (
	"crypto/sha256"
	"fmt"
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
		os.MkdirAll(filepath.Join(tree, "usr/share/doc/elasticsearch"), 0o755), os.MkdirAll(filepath.Join(tree, "DEBIAN"), 0o755),
		os.WriteFile(filepath.Join(tree, "usr/share/doc/elasticsearch/copyright"), []byte("Copyright: Elasticsearch B.V.\nLicense: Elastic-License\n"), 0o600),
		os.WriteFile(filepath.Join(tree, "DEBIAN/control"), []byte(control), 0o600),
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
	bill, err := inventory{packages: w.given}.cycloneDX(Spec{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"pkg:deb/elastic/elasticsearch@7.17.29?arch=amd64"`, `"Elastic-License"`} {
		if !strings.Contains(string(bill), want) {
			t.Errorf("%s is missing in the SBOM:\n%s", want, bill)
		}
	}
	w.spec.Elastic = t.TempDir()
	if err := w.repository(t.Context()); err == nil || !strings.Contains(err.Error(), "no .deb") {
		t.Errorf("an empty folder: %v", err)
	}
}

// TestPackagesAreThoseOfTheIndex: one in the cache with other octets ends the build, and says which.
func TestPackagesAreThoseOfTheIndex(t *testing.T) {
	const archives = "var/cache/apt/archives/"
	root := tree(t, map[string]string{
		archives + "a_1%3a2_all.deb": "a", archives + "b_1_amd64.deb": "b", archives + "unused_1_all.deb": "another",
		"var/lib/apt/lists/m_Packages": fmt.Sprintf("Package: a\nSHA256: %x\n\nPackage: b\nSHA256: %x\n", sha256.Sum256([]byte("a")), sha256.Sum256([]byte("b"))),
	})
	programs := tree(t, map[string]string{"chroot": "#!/bin/sh\nprintf 'a_1:2_all.deb\\nb_1_amd64.deb\\n'\n"})
	if err := os.Chmod(filepath.Join(programs, "chroot"), 0o700); err != nil {
		t.Fatal(err)
	}
	check := func() (string, error) {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", packagesChecked, "exec", root)
		cmd.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), "PACKAGES=/the/cache")
		said, err := cmd.CombinedOutput()
		return string(said), err
	}
	if said, err := check(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	grow(t, root, archives+"b_1_amd64.deb", "c")
	if said, err := check(); err == nil || !strings.Contains(said, "b_1_amd64.deb") || strings.Contains(said, "a_1") {
		t.Errorf("%v: %s", err, said)
	}
	if err := os.Remove(filepath.Join(root, archives+"b_1_amd64.deb")); err != nil {
		t.Fatal(err)
	}
	if said, err := check(); err == nil {
		t.Errorf("a package that is not there is not missed: %s", said)
	}
}
