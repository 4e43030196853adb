package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keystoreTool keeps NAME VALUE lines behind a salt that is another one each time, as encryption makes it. It notes its arguments.
const keystoreTool = `#!/bin/sh
set -eu
store=${0%/*}/store
echo "$*" >>"${0%/*}/arguments"
[ ! -e "${0%/*}/broken" ] && [ ! -e "${0%/*}/broken-$1" ] || { echo 'keystore is damaged' >&2; exit 70; }
salt() { mv "$store.new" "$store"; sed -i "1s/.*/salt $(date +%N)/" "$store"; }
case $1 in
create) echo salt >"$store.new" && salt ;;
list) tail -n +2 "$store" | cut -d ' ' -f 1 ;;
add)
	[ "$2 $3" = '-x -f' ] || exit 64
	read -r value
	{ grep -v "^$4 " "$store" || :; } >"$store.new"
	printf "%s %s\n" "$4" "$value" >>"$store.new"
	salt
	;;
remove) grep -v "^$2 " "$store" >"$store.new" && salt ;;
esac
`

type keystoreHost struct {
	*local
	t      *testing.T
	folder string
}

func newKeystoreHost(t *testing.T) *keystoreHost {
	h := &keystoreHost{newLocal(t), t, t.TempDir()}
	if err := os.WriteFile(filepath.Join(h.folder, "tool"), []byte(keystoreTool), 0o755); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *keystoreHost) item(revision string, entries ...string) Keystore {
	k := Keystore{Path: filepath.Join(h.folder, "store"), Tool: filepath.Join(h.folder, "tool"), Mode: 0o660, Revision: revision, Values: map[string][]byte{}}
	k.Owner, k.Group = me(h.t)
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, " ")
		k.Names = append(k.Names, name)
		k.Values[name] = []byte(value)
	}
	return k
}

func (h *keystoreHost) has(want ...string) {
	h.t.Helper()
	content, err := os.ReadFile(filepath.Join(h.folder, "store"))
	if err != nil {
		h.t.Fatal(err)
	}
	_, entries, _ := strings.Cut(string(content), "\n")
	if wanted := strings.Join(append(want, ""), "\n"); entries != wanted {
		h.t.Errorf("the keystore has %q, not %q", entries, wanted)
	}
}

func TestKeystoreLife(t *testing.T) {
	h := newKeystoreHost(t)
	one := h.item("rev1", `a.b it's "quoted" \n $(x)`, "c 2")
	before := apply(t, h, Desired{one}).Before
	h.has(`a.b it's "quoted" \n $(x)`, "c 2")
	h.runs = 0
	apply(t, h, Desired{one})
	if h.runs != 1 {
		t.Errorf("an Apply with nothing to do took %d round trips", h.runs)
	}
	// a person, with the same program
	if err := h.shell("echo 3 | " + one.Tool + " add -x -f c"); err != nil {
		t.Fatal(err)
	}
	if got := probe(t, h, Desired{one})[one.fact("content")]; got != "different" {
		t.Errorf("the content that was changed by hand is %q", got)
	}
	apply(t, h, Desired{one})
	h.has(`a.b it's "quoted" \n $(x)`, "c 2")

	// Values that nobody may need any more are not asked for when the mode alone is another one.
	if err := os.Chmod(one.Path, 0o600); err != nil {
		t.Fatal(err)
	}
	unknown := one
	unknown.Values = nil
	apply(t, h, Desired{unknown})
	h.has(`a.b it's "quoted" \n $(x)`, "c 2")

	two := h.item("rev2", "c 4", "d 5")
	if got := probe(t, h, Desired{two}); got[two.fact("entry a.b")] != Present || got[two.fact("entry d")] != Absent || got[two.fact("content")] != "rev1" {
		t.Errorf("before the change: %v", got)
	}
	apply(t, h, Desired{two})
	h.has("c 4", "d 5")
	arguments, err := os.ReadFile(filepath.Join(h.folder, "arguments"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(arguments), "quoted") {
		t.Errorf("a value is among the arguments: %s", arguments)
	}
	remove(t, h, Desired{two}, before)
	if left := entries(t, h.folder); len(left) != 2 { // tool, arguments
		t.Errorf("after the removal there is %q", left)
	}
}

// TestKeystoreOfOthers keeps what others put into it.
func TestKeystoreOfOthers(t *testing.T) {
	h := newKeystoreHost(t)
	k := h.item("rev1", "ours 1")
	if err := h.shell(k.Tool + " create && echo 0 | " + k.Tool + " add -x -f theirs"); err != nil {
		t.Fatal(err)
	}
	before := apply(t, h, Desired{k}).Before
	h.has("theirs 0", "ours 1")
	remove(t, h, Desired{k}, before)
	h.has("theirs 0")
	none := h.item("")
	apply(t, h, Desired{none})
	h.has("theirs 0")
}

// TestKeystoreThatCannotBeListed: an entry is not taken for gone because its program could not tell.
func TestKeystoreThatCannotBeListed(t *testing.T) {
	h := newKeystoreHost(t)
	k := h.item("rev1", "ours 1")
	if err := h.shell(k.Tool + " create"); err != nil {
		t.Fatal(err)
	}
	before := apply(t, h, Desired{k}).Before
	if err := os.WriteFile(filepath.Join(h.folder, "broken-list"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	wantError(t, Remove(t.Context(), h, Desired{k}, before), "keystore is damaged")
	h.has("ours 1")
	if err := os.Remove(filepath.Join(h.folder, "broken-list")); err != nil {
		t.Fatal(err)
	}
	remove(t, h, Desired{k}, before)
	h.has()
}

// TestKeystoreThatWasCutShort is set once more.
func TestKeystoreThatWasCutShort(t *testing.T) {
	h := newKeystoreHost(t)
	k := h.item("rev1", "a 1")
	apply(t, h, Desired{k})
	two := h.item("rev2", "b 2")
	if err := os.WriteFile(filepath.Join(h.folder, "broken"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Apply(t.Context(), h, Desired{two})
	wantError(t, err, "keystore "+k.Path, "keystore is damaged")
	e := &engine{runner: h, unread: map[string]bool{}}
	wantError(t, two.apply(t.Context(), e, answer{}), "keystore is damaged")
	if err := os.Remove(filepath.Join(h.folder, "broken")); err != nil {
		t.Fatal(err)
	}
	for _, k := range []Keystore{k, two} {
		if got := probe(t, h, Desired{k})[k.fact("content")]; got != "different" {
			t.Errorf("after the cut the content is %q", got)
		}
	}
	apply(t, h, Desired{two})
	h.has("b 2")
}

func TestKeystoreWhoseValuesAreNotKnown(t *testing.T) {
	h := newKeystoreHost(t)
	k := h.item("rev1", "a 1")
	k.Values = nil
	_, err := Apply(t.Context(), h, Desired{k})
	wantError(t, err, "the value of a is not known here")
	for name, value := range map[string]string{"a b": "1", "-f": "1", "": "1", "a": "1\n2"} {
		err := ValidKeystoreEntry(name, []byte(value))
		if err == nil || strings.Contains(err.Error(), "2") {
			t.Errorf("%q = %q: %v", name, value, err)
		}
	}
}

func TestDirectoryThatIsDeletedWithAllInIt(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	path := filepath.Join(folder, "data")
	for _, existed := range []bool{false, true} {
		if existed {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		desired := mine(t, Desired{Directory{Path: path, Delete: true, Tree: true}})
		before := apply(t, l, desired).Before
		if err := os.MkdirAll(filepath.Join(path, "a", "b"), 0o700); err != nil {
			t.Fatal(err)
		}
		remove(t, l, desired, before)
		if _, err := os.Stat(filepath.Join(path, "a")); (err == nil) != existed {
			t.Errorf("existed before: %t; after the removal: %v", existed, err)
		}
	}
}

// TestDirectoryWhoseOwnerIsGone is given, with all in it, to the one who is to have it.
func TestDirectoryWhoseOwnerIsGone(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("only root can give files away: run make test as root")
	}
	l, path := newLocal(t), filepath.Join(t.TempDir(), "data")
	inner := filepath.Join(path, "a")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	desired := mine(t, Desired{Directory{Path: path, Tree: true}})
	owned := func(uid int) bool {
		info, err := os.Stat(inner)
		if err != nil {
			t.Fatal(err)
		}
		return statOf(t, info).Uid == uint32(uid)
	}
	for _, name := range []string{path, inner} {
		if err := os.Chown(name, 54321, 54321); err != nil {
			t.Fatal(err)
		}
	}
	apply(t, l, desired)
	if !owned(os.Geteuid()) {
		t.Error("what is in the directory has its old owner")
	}
	if err := os.Chown(inner, 54321, 54321); err != nil {
		t.Fatal(err)
	}
	apply(t, l, desired)
	if !owned(54321) {
		t.Error("what somebody gave away below a directory of the right owner was taken back")
	}
}

// TestDirectoryLosesBits that it is not to have: chmod leaves them to a directory otherwise.
func TestDirectoryLosesBits(t *testing.T) {
	l, path := newLocal(t), filepath.Join(t.TempDir(), "shared")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o755|os.ModeSetgid|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	apply(t, l, mine(t, Desired{Directory{Path: path}}))
}
