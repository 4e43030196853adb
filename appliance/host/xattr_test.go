package host

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReplacedFileKeepsItsAttributes: the security context, which root may write on a kernel without SELinux too, an access control list and what users add are
// those of the file that was there.
func TestReplacedFileKeepsItsAttributes(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("only root may write security contexts: run the tests as root")
	}
	file := filepath.Join(t.TempDir(), "settings.yml")
	if err := os.WriteFile(file, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// acl(5), in the form of linux/posix_acl_xattr.h: version 2; user::rw-, user:1000:r--, group::r--, mask::r--, other::r--.
	list := []byte{2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 232, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255}
	attributes := map[string][]byte{
		"security.selinux": []byte("system_u:object_r:etc_t:s0\x00"), "system.posix_acl_access": list, "user.origin": []byte("by hand"),
	}
	for name, value := range attributes {
		if err := unix.Setxattr(file, name, value, 0); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	l := newLocal(t)
	desired := Desired{File{Path: file, Content: []byte("after\n"), Mode: 0o644}}
	if _, err := Apply(t.Context(), l, desired); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(file); err != nil || string(content) != "after\n" {
		t.Fatalf("the file has %q, %v", content, err)
	}
	for name, value := range attributes {
		got := make([]byte, 256)
		if n, err := unix.Getxattr(file, name, got); err != nil || !bytes.Equal(got[:n], value) {
			t.Errorf("%s is %q, %v, not %q", name, got[:max(n, 0)], err, value)
		}
	}
}
