package host

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tool is a keystore program: lines NAME BASE64 of a JSON string. It fails while there is a file "fails" beside the keystore.
const tool = `#!/bin/sh
set -eu
store=$TOOL_PATH/test.keystore
[ ! -e "$(dirname "$0")/fails" ] || { echo 'the disk is full' >&2; exit 3; }
echo "$*" >>"$(dirname "$0")/log"
case $1 in
create) : >"$store" ;;
add)
	value=$(base64 -w0)
	sed -i "/^$4 /d" "$store"
	echo "$4 $value" >>"$store"
	;;
remove) sed -i "/^$2 /d" "$store" ;;
esac
`

// decode reads what tool writes.
func decode(content []byte) (map[string][]byte, error) {
	entries := map[string][]byte{}
	for line := range strings.Lines(string(content)) {
		name, encoded, ok := strings.Cut(strings.TrimSpace(line), " ")
		quoted, err := base64.StdEncoding.DecodeString(encoded)
		var value string
		if !ok || err != nil || json.Unmarshal(quoted, &value) != nil {
			return nil, errors.New("it has a password")
		}
		entries[name] = []byte(value)
	}
	return entries, nil
}

// store is a keystore of a test on this machine.
type store struct {
	*local
	folder string
}

func newStore(t *testing.T) *store {
	t.Helper()
	s := &store{local: newLocal(t), folder: t.TempDir()}
	if err := os.WriteFile(s.path("tool"), []byte(tool), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.path("etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *store) path(name string) string { return filepath.Join(s.folder, name) }

func (s *store) keystore(entries ...OpenKeystoreEntry) OpenKeystore {
	return OpenKeystore{
		Path: s.path("etc/test.keystore"), Program: s.path("tool"), Environment: "TOOL_PATH", Mode: 0o640, Entries: entries, Decode: decode,
	}
}

func (s *store) entries() map[string]string {
	s.t.Helper()
	content, err := os.ReadFile(s.path("etc/test.keystore"))
	if err != nil {
		s.t.Fatal(err)
	}
	entries, err := decode(content)
	if err != nil {
		s.t.Fatal(err)
	}
	texts := map[string]string{}
	for name, value := range entries {
		texts[name] = string(value)
	}
	return texts
}

func (s *store) calls() string {
	s.t.Helper()
	content, err := os.ReadFile(s.path("log"))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	_ = os.Remove(s.path("log")) // it may not be there
	return string(content)
}

func given(value, revision string) OpenKeystoreEntry {
	return OpenKeystoreEntry{Name: "password", Value: []byte(value), Revision: revision}
}

var key = OpenKeystoreEntry{Name: "key", Generated: true, Check: func(value []byte) error {
	if len(value) < 32 {
		return errors.New("it is too short")
	}
	return nil
}}

func TestOpenKeystoreLife(t *testing.T) {
	s := newStore(t)
	const secret = `123456 "quoted" é`
	keystore := s.keystore(given(secret, "r1"), key)
	made, err := Apply(t.Context(), s, Desired{keystore})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(keystore.want(), made.Facts); diff != "" {
		t.Error(diff)
	}
	first := s.entries()
	if first["password"] != secret || len(first["key"]) != 64 {
		t.Errorf("the keystore has %q", first)
	}
	if calls := s.calls(); strings.Contains(calls, "123456") || strings.Contains(calls, first["key"]) {
		t.Errorf("a secret is in the arguments: %s", calls)
	}
	info, err := os.Stat(keystore.Path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	t.Run("nothing to do", func(t *testing.T) {
		if _, err := Apply(t.Context(), s, Desired{keystore}); err != nil || s.calls() != "" {
			t.Errorf("the tool was called, or %v", err)
		}
	})
	t.Run("another secret leaves the key alone", func(t *testing.T) {
		if _, err := Apply(t.Context(), s, Desired{s.keystore(given("new", "r2"), key)}); err != nil {
			t.Fatal(err)
		}
		if got := s.entries(); got["password"] != "new" || got["key"] != first["key"] {
			t.Errorf("the keystore has %q", got)
		}
	})
	t.Run("somebody else's entry stays, and ours goes when it is forgotten", func(t *testing.T) {
		if err := appendLine(keystore.Path, "other "+base64.StdEncoding.EncodeToString([]byte(`"x"`))); err != nil {
			t.Fatal(err)
		}
		without := s.keystore(key, OpenKeystoreEntry{Name: "password", Forget: true})
		seen, err := Probe(t.Context(), s, Desired{without})
		if err != nil || seen.Facts[without.fact("password")] != Present {
			t.Errorf("%v, %v", seen.Facts, err)
		}
		after, err := Apply(t.Context(), s, Desired{without})
		if err != nil {
			t.Fatal(err)
		}
		if _, there := after.Facts[without.fact("password")]; there {
			t.Errorf("facts %v", after.Facts)
		}
		if got := s.entries(); !slices.Equal(slices.Sorted(maps.Keys(got)), []string{"key", "other"}) || got["key"] != first["key"] {
			t.Errorf("the keystore has %q", got)
		}
	})
	t.Run("mode by hand", func(t *testing.T) {
		if err := os.Chmod(keystore.Path, 0o644); err != nil {
			t.Fatal(err)
		}
		s.calls()
		if _, err := Apply(t.Context(), s, Desired{s.keystore(key)}); err != nil || s.calls() != "" {
			t.Errorf("the tool was called for a mode, or %v", err)
		}
	})
	t.Run("remove", func(t *testing.T) {
		if err := Remove(t.Context(), s, Desired{s.keystore(key)}, made.Before); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(s.path("etc")); err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	})
}

func appendLine(path, line string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(bytes.TrimSpace(content), "\n"+line+"\n"...), 0o640)
}

// TestKeystoreThatWasThere: what somebody else put into it stays to the end.
func TestOpenKeystoreThatWasThere(t *testing.T) {
	s := newStore(t)
	theirs := base64.StdEncoding.EncodeToString([]byte(`"theirs"`))
	long := base64.StdEncoding.EncodeToString([]byte(`"` + strings.Repeat("k", 40) + `"`))
	if err := os.WriteFile(s.path("etc/test.keystore"), []byte("other "+theirs+"\nkey "+long+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keystore := s.keystore(given("ours", "r1"), key)
	made, err := Apply(t.Context(), s, Desired{keystore})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.entries(); got["key"] != strings.Repeat("k", 40) || got["password"] != "ours" {
		t.Errorf("the keystore has %q", got)
	}
	if err := Remove(t.Context(), s, Desired{keystore}, made.Before); err != nil {
		t.Fatal(err)
	}
	if got, want := s.entries(), map[string]string{"other": "theirs", "key": strings.Repeat("k", 40)}; !cmp.Equal(got, want) {
		t.Errorf("the keystore has %q", got)
	}
}

func TestOpenKeystoreIsNotReplaced(t *testing.T) {
	s := newStore(t)
	short := base64.StdEncoding.EncodeToString([]byte(`"short"`))
	for name, c := range map[string]struct{ content, message string }{
		"one that cannot be read":  {"$\n", "it has a password"},
		"a key that is too short":  {"key " + short + "\n", "Making another one would lose what it encrypts"},
		"one whose secret is gone": {"key " + base64.StdEncoding.EncodeToString([]byte(`"`+strings.Repeat("k", 40)+`"`)) + "\n", "the secret itself is not known here"},
	} {
		if err := os.WriteFile(s.path("etc/test.keystore"), []byte(c.content), 0o640); err != nil {
			t.Fatal(err)
		}
		_, err := Apply(t.Context(), s, Desired{s.keystore(key, OpenKeystoreEntry{Name: "password", Revision: "r1", Verify: func([]byte) bool { return false }})})
		if err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := os.ReadFile(s.path("etc/test.keystore")); err != nil || string(got) != c.content {
			t.Errorf("%s: the keystore became %q, %v", name, got, err)
		}
	}
}

// TestKeystoreChangesAtOnce: a tool that fails half-way leaves the keystore as it was, and nothing beside it.
func TestOpenKeystoreChangesAtOnce(t *testing.T) {
	s := newStore(t)
	if _, err := Apply(t.Context(), s, Desired{s.keystore(key)}); err != nil {
		t.Fatal(err)
	}
	before := s.entries()
	if err := os.WriteFile(s.path("fails"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Apply(t.Context(), s, Desired{s.keystore(key, given("new", "r2"))})
	if err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("%v", err)
	}
	if got := s.entries(); !cmp.Equal(got, before) {
		t.Errorf("the keystore has %q", got)
	}
	if left, err := os.ReadDir(s.path("etc")); err != nil || len(left) != 1 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestOpenKeystoreIsValidated(t *testing.T) {
	good := OpenKeystore{Path: "/a", Program: "/b", Environment: "C", Decode: decode, Entries: []OpenKeystoreEntry{key}}
	if err := good.validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*OpenKeystore){
		"path":        func(k *OpenKeystore) { k.Path = "a" },
		"program":     func(k *OpenKeystore) { k.Program = "" },
		"environment": func(k *OpenKeystore) { k.Environment = "a b" },
		"decode":      func(k *OpenKeystore) { k.Decode = nil },
		"name":        func(k *OpenKeystore) { k.Entries = []OpenKeystoreEntry{{Name: "-x"}} },
		"two lines":   func(k *OpenKeystore) { k.Entries = []OpenKeystoreEntry{{Name: "a\nremove b"}} },
		"twice":       func(k *OpenKeystore) { k.Entries = []OpenKeystoreEntry{key, key} },
	} {
		bad := good
		change(&bad)
		if err := bad.validate(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestOpenKeystoreAfterACut: what arrived before a link was cut does not become the keystore.
func TestOpenKeystoreAfterACut(t *testing.T) {
	s := newStore(t)
	k := s.keystore(given("first", "1"))
	k.Owner, k.Group = me(t)
	apply(t, s, Desired{k})
	e := &engine{runner: s, unread: map[string]bool{}}
	for _, arrived := range []string{"", "remove password\n", "remove password\nput key IjEi\nen"} {
		err := e.run(t.Context(), "change", openKeystoreScript, []byte(arrived), k.Path, k.attributes().modeText(), k.attributes().ownerText(), k.Program, k.Environment)
		wantError(t, err, "only a part of what to do has arrived")
		if got := s.entries(); got["password"] != "first" || len(got) != 1 {
			t.Errorf("after %q there is %v", arrived, got)
		}
	}
}
