package host

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFileAttributesStay: what owner and mode do not say is as it was after another content came.
func TestFileAttributesStay(t *testing.T) {
	l, name := newLocal(t), filepath.Join(t.TempDir(), "x")
	apply(t, l, mine(t, Desired{File{Path: name, Content: []byte("one"), Mode: 0o640}}))
	// An access control list as the kernel keeps it: the owner rw, user 12345 r, the group r, mask r, others nothing.
	list := []byte{2, 0, 0, 0}
	for _, entry := range [][]byte{{1, 0, 6, 0, 255, 255, 255, 255}, {2, 0, 4, 0, 57, 48, 0, 0}, {4, 0, 4, 0, 255, 255, 255, 255}, {16, 0, 4, 0, 255, 255, 255, 255}, {32, 0, 0, 0, 255, 255, 255, 255}} {
		list = append(list, entry...)
	}
	wanted := map[string][]byte{"user.note": []byte("theirs"), "system.posix_acl_access": list}
	for attribute, value := range wanted {
		if err := syscall.Setxattr(name, attribute, value, 0); err != nil {
			t.Fatalf("%s: %v", attribute, err)
		}
	}
	apply(t, l, mine(t, Desired{File{Path: name, Content: []byte("two"), Mode: 0o640}}))
	for attribute, value := range wanted {
		got := make([]byte, 100)
		n, err := syscall.Getxattr(name, attribute, got)
		if err != nil || !bytes.Equal(got[:n], value) {
			t.Errorf("%s is %x, %v", attribute, got[:max(n, 0)], err)
		}
	}
	if content, err := os.ReadFile(name); err != nil || string(content) != "two" {
		t.Errorf("content %q, %v", content, err)
	}
}

func TestFileBackup(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	name := filepath.Join(folder, "x")
	theirs := bytes.Repeat([]byte("theirs"), MaxPreviousContent)
	if err := os.WriteFile(name, theirs, 0o604); err != nil {
		t.Fatal(err)
	}
	file := File{Path: name, Content: []byte("ours"), Foreign: true}
	_, err := Apply(t.Context(), l, mine(t, Desired{file}))
	wantError(t, err, "file "+name, "a file of 393216 bytes already")

	file.Backup, file.Validate = true, []string{"false", "{}"}
	o, err := Apply(t.Context(), l, mine(t, Desired{file}))
	wantError(t, err, "false refused the content")
	remove(t, l, mine(t, Desired{file}), o.Before) // which was never there
	file.Validate = nil
	o = apply(t, l, mine(t, Desired{file}))
	file.Foreign, file.Content = false, []byte("ours, later")
	apply(t, l, mine(t, Desired{file}))
	if left := entries(t, folder); !cmp.Equal(left, []string{"x", "x" + BackupSuffix}) {
		t.Errorf("there is %q", left)
	}
	for _, before := range []Before{o.Before, {}} { // also when the record was lost
		remove(t, l, mine(t, Desired{file}), before)
		content, err := os.ReadFile(name)
		if info, statErr := os.Stat(name); errors.Join(err, statErr) != nil || !bytes.Equal(content, theirs) || info.Mode() != 0o604 {
			t.Errorf("after the removal: %d bytes, %v, %v", len(content), info, err)
		}
		if left := entries(t, folder); !cmp.Equal(left, []string{"x"}) {
			t.Errorf("there is %q", left)
		}
		file.Foreign = true
		apply(t, l, mine(t, Desired{file}))
	}
	remove(t, l, mine(t, Desired{file}), Before{})
	remove(t, l, mine(t, Desired{file}), Before{}) // a file that nobody knows anything about stays
	if content, err := os.ReadFile(name); err != nil || !bytes.Equal(content, theirs) {
		t.Errorf("after another removal: %d bytes, %v", len(content), err)
	}
	// One that is as wanted already is backed up too: it may be replaced later.
	file.Foreign, file.Content = true, theirs
	o = apply(t, l, mine(t, Desired{file}))
	if left := entries(t, folder); !cmp.Equal(left, []string{"x", "x" + BackupSuffix}) {
		t.Errorf("there is %q", left)
	}
	file.Foreign, file.Content = false, []byte("ours")
	apply(t, l, mine(t, Desired{file}))

	// A backup that is there already is somebody's, and no reason to lose what is there now.
	file.Foreign = true
	_, err = Apply(t.Context(), l, mine(t, Desired{file}))
	wantError(t, err, "there is a backup already, "+name+BackupSuffix)
	remove(t, l, mine(t, Desired{file}), o.Before)
	if content, err := os.ReadFile(name); err != nil || !bytes.Equal(content, theirs) {
		t.Errorf("after the removal: %d bytes, %v", len(content), err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	o = apply(t, l, mine(t, Desired{file}))
	remove(t, l, mine(t, Desired{file}), o.Before) // there was none before
	if left := entries(t, folder); len(left) > 0 {
		t.Errorf("there is %q", left)
	}
}

// What not everybody may read is no content for Terraform's state.
func TestPrivateFileIsNotKept(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	name := filepath.Join(folder, "x")
	if err := os.WriteFile(name, []byte("hunter2"), 0o640); err != nil {
		t.Fatal(err)
	}
	file := File{Path: name, Content: []byte("ours"), Foreign: true}
	_, err := Apply(t.Context(), l, mine(t, Desired{file}))
	wantError(t, err, "file "+name, "there is a file already, which may be secret as well")
	file.Backup = true
	o := apply(t, l, mine(t, Desired{file}))
	if record := o.Before.Files[name]; record.Content != nil || !record.Backup {
		t.Errorf("%+v", record)
	}
	remove(t, l, mine(t, Desired{file}), o.Before)
	if content, err := os.ReadFile(name); err != nil || string(content) != "hunter2" {
		t.Errorf("after the removal: %q, %v", content, err)
	}
}

func TestFileBehindLinks(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	name, target := filepath.Join(folder, "link"), filepath.Join(folder, "sub", "target")
	if err := errors.Join(os.Mkdir(filepath.Join(folder, "sub"), 0o755), os.Symlink("sub/target", name)); err != nil {
		t.Fatal(err)
	}
	desired := mine(t, Desired{File{Path: name, Content: []byte("one"), FollowLinks: true, Foreign: true}})
	o := apply(t, l, desired) // the link leads to what is not there yet
	if err := os.Chmod(target, 0o600); err != nil {
		t.Fatal(err)
	}
	apply(t, l, desired)
	if content, err := os.ReadFile(target); err != nil || string(content) != "one" {
		t.Errorf("content %q, %v", content, err)
	}
	remove(t, l, desired, o.Before)
	if to, err := os.Readlink(name); err != nil || to != "sub/target" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if left := entries(t, filepath.Join(folder, "sub")); len(left) > 0 {
		t.Errorf("there is %q", left)
	}
	if err := errors.Join(os.Remove(name), os.Symlink("link", name)); err != nil {
		t.Fatal(err)
	}
	_, err := Apply(t.Context(), l, desired)
	wantError(t, err, "symbolic link to link in its place")
}

func TestFileFromSource(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	local, name := filepath.Join(folder, "local"), filepath.Join(folder, "x")
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB
	if err := os.WriteFile(local, content, 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := LocalSource(t.Context(), local)
	if err != nil {
		t.Fatal(err)
	}
	desired := mine(t, Desired{File{Path: name, Source: source}})
	apply(t, l, desired)
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	// Another content than the one that was measured does not get there.
	if err := errors.Join(os.WriteFile(name, []byte("drift"), 0o644), os.WriteFile(local, append([]byte("x"), content[1:]...), 0o600)); err != nil {
		t.Fatal(err)
	}
	_, err = Apply(t.Context(), l, desired)
	wantError(t, err, "the content arrived damaged")
	known := mine(t, Desired{File{Path: name, Source: &Source{SHA256: source.SHA256, Size: source.Size}}})
	_, err = Apply(t.Context(), l, known)
	wantError(t, err, "only its digest")
	if _, err := LocalSource(t.Context(), filepath.Join(folder, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := LocalSource(t.Context(), folder); err == nil || !strings.HasSuffix(err.Error(), folder+": it is not a file") {
		t.Errorf("error %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := LocalSource(cancelled, local); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestFileNowhereToWrite: a full or read-only file system, or none: the error says so, and the old file stays.
func TestFileNowhereToWrite(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this test needs root to mount file systems")
	}
	l, folder := newLocal(t), t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	name := filepath.Join(folder, "x")
	apply(t, l, mine(t, Desired{File{Path: name, Content: []byte("old")}}))
	large := mine(t, Desired{File{Path: name, Content: make([]byte, 128<<10)}})
	_, err := Apply(t.Context(), l, large)
	wantError(t, err, "file "+name, "unable to write in "+folder+"/: No space left on device", "the old file stays")
	if err := syscall.Mount("", folder, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=64k"); err != nil {
		t.Fatal(err)
	}
	_, err = Apply(t.Context(), l, mine(t, Desired{File{Path: name, Content: []byte("new")}}))
	wantError(t, err, "unable to write in "+folder+"/: Read-only file system")
	_, err = Apply(t.Context(), l, mine(t, Desired{File{Path: filepath.Join(folder, "none", "x")}}))
	wantError(t, err, "its directory "+folder+"/none/ is not there")
	_, err = Apply(t.Context(), l, mine(t, Desired{Directory{Path: filepath.Join(folder, "none", "x")}}))
	wantError(t, err, "its directory "+folder+"/none/ is not there")
	if content, err := os.ReadFile(name); err != nil || string(content) != "old" {
		t.Errorf("the old file has %q, %v", content, err)
	}
	if left := strings.Join(entries(t, folder), " "); left != "x" {
		t.Errorf("there is %q", left)
	}
}
