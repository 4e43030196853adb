package host

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChanges(t *testing.T) {
	got := Facts{"a": "1", "b": "2", "extra": "x", "gone": Absent}
	want := Facts{"a": "1", "b": "3", "new": "y", "c": Absent}
	if diff := cmp.Diff([]Change{{"b", "2", "3"}, {"extra", "x", Absent}, {"new", Absent, "y"}}, got.Changes(want)); diff != "" {
		t.Error(diff)
	}
	if len(got) != 4 || len(Facts(nil).Changes(nil)) != 0 {
		t.Error("Changes changed its receiver")
	}
}

func TestBefore(t *testing.T) {
	first := Before{
		Files:       map[string]FileBefore{"/a": {Existed: true, Mode: "0644", Owner: "root:root", Content: []byte{0, 255}, Kept: true}},
		Directories: map[string]DirectoryBefore{"/d": {}},
		Sysctls:     map[string]string{"vm.x": "1"},
		Packages:    map[string]PackageBefore{"p1": {Installed: true, Version: "1"}},
		Units:       map[string]UnitBefore{"x.service": {Existed: true, Enabled: "enabled", Active: "active"}},
	}
	text, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	var again Before
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	both := first.Merge(Before{Sysctls: map[string]string{"vm.x": "2", "vm.y": "3"}})
	if !cmp.Equal(both.Sysctls, map[string]string{"vm.x": "1", "vm.y": "3"}) {
		t.Errorf("merged %v", both.Sysctls)
	}
	none := first.Without(Desired{File{Path: "/a"}, Directory{Path: "/d"}, Sysctl{Key: "vm/x"}, Package{Name: "p1"}, Unit{Name: "x.service"}})
	if text, err := json.Marshal(none); err != nil || string(text) != "{}" {
		t.Errorf("after all is forgotten: %s, %v", text, err)
	}
	if len(first.Files) != 1 {
		t.Error("Without changed its receiver")
	}
}

func TestDesired(t *testing.T) {
	d := everyKind()
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	if got := d.Without(d[1:]); len(got) != 1 || got[0].ID() != "file /etc/x" {
		t.Errorf("Without: %v", got)
	}
	for _, item := range []Item{
		File{Path: "x"},
		File{Path: "/a/../b"},
		File{Path: "/"},
		File{Path: "/a\x00"},
		File{Path: "/a", Mode: fs.ModeDir},
		File{Path: "/a", Owner: "a b"},
		File{Path: "/a", Group: "-x"},
		File{Path: "/a", Format: SysctlFormat{}, Content: []byte("x")},
		File{Path: "/a", Format: SysctlFormat{}, Secret: true},
		File{Path: "/a", Validate: []string{"\x00"}},
		File{Path: "/a", Secret: true, Content: make([]byte, MaxFormatContent+1)},
		Directory{Path: "/a/"},
		Sysctl{"vm.x", ""},
		Sysctl{"vm.x", "1\n2"},
		Package{Name: "-x", Version: "1"},
		Package{Name: "x1", Version: "-1"},
		Package{Name: "x1", Version: "1 2"},
		Unit{Name: "x"},
		Unit{Name: "-x.service"},
		Unit{Name: "a b.service"},
		Unit{Name: "x.service", Inputs: []string{"y"}},
	} {
		wantError(t, Desired{item}.Validate(), item.ID())
		_, err := Apply(t.Context(), canned{}, Desired{item})
		wantError(t, err, item.ID())
	}
	wantError(t, Desired{Directory{Path: "/a"}, Directory{Path: "/a"}}.Validate(), "directory /a: described twice")
}

// TestApplyStops: the first item that fails is named, those before it stay, those after it are not begun.
func TestApplyStops(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	desired := mine(t, Desired{
		File{Path: filepath.Join(folder, "a"), Content: []byte("a")},
		File{Path: filepath.Join(folder, "none", "b"), Content: []byte("b")},
		File{Path: filepath.Join(folder, "c"), Content: []byte("c")},
	})
	o, err := Apply(t.Context(), l, desired)
	wantError(t, err, desired[1].ID(), "is not there")
	if left := entries(t, folder); !cmp.Equal(left, []string{"a"}) || len(o.Before.Files) != 3 {
		t.Errorf("there is %q; Before %+v", left, o.Before)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Apply(ctx, l, desired); !errors.Is(err, context.Canceled) {
		t.Errorf("after a cancel: %v", err)
	}
}
