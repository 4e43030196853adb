package directory_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/provider/directory"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const path = "/etc/flows.d"

func is(h *providertest.Host, mode os.FileMode) func() error {
	return func() error {
		info, err := os.Lstat(h.Path(path))
		if err == nil && info.Mode() != os.ModeDir|mode {
			err = fmt.Errorf("the mode is %v", info.Mode())
		}
		return err
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDirectoryLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	providertest.Life{
		Host: h, Type: directory.ResourceType,
		Body: fmt.Sprintf("path = %q", path), Changed: fmt.Sprintf("path = %q\nmode = \"0750\"\nowner = \"0\"", path),
		Check: is(h, 0o755), CheckChanged: is(h, 0o750),
		Drifts: []providertest.Drift{
			{Name: "the mode", By: func() { must(t, os.Chmod(h.Path(path), 0o700)) }, Fact: "directory " + path + ": mode", From: "0700", To: "0755"},
			{Name: "the group", By: func() { must(t, os.Chown(h.Path(path), 0, 12345)) }, Fact: "directory " + path + ": owner", From: "root:12345", To: "root:root"},
		},
		Vanish:   func() { h.Remove(path) },
		ImportID: "flow1" + path, Identity: map[string]string{"host": "flow1", "path": path},
	}.Run(t)
}

// TestDirectoryThatStays: one that was there gets its mode back, and what others have put into one of ours stays.
func TestDirectoryThatStays(t *testing.T) {
	h := providertest.StartHost(t, nil)
	must(t, os.Mkdir(h.Path("/etc/theirs.d"), 0o711))
	c := providertest.NewCLI(t)
	c.Write(h.Provider() + fmt.Sprintf(`
resource "flowstack_directory" "ours" { path = %q }
resource "flowstack_directory" "theirs" { path = "/etc/theirs.d" }
`, path))
	if said := c.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatal(said)
	}
	h.Write(path+"/theirs", "x")
	said := c.Destroy()
	if len(said.Errors) > 0 || len(said.Warnings) != 1 || !strings.Contains(said.Warnings[0], "The directory "+path+" is not empty") {
		t.Errorf("the destroy says %q and warns %q", said.Errors, said.Warnings)
	}
	if content, _ := h.Read(path + "/theirs"); content != "x" {
		t.Errorf("their file has %q", content)
	}
	if info, err := os.Stat(h.Path("/etc/theirs.d")); err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("their directory: %v, %v", info, err)
	}
}
