package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Keystore is a file of secrets that only its own program reads and writes, such as elasticsearch.keystore. The program has the verbs create, list,
// add -x -f NAME (the value on stdin) and remove NAME. Nobody can read a value back: that all are as they were set is told by the checksum of the file,
// which is recorded beside it as PATH.flowstack, with the names that are ours. Entries of others stay. Without names it only has to be there. Remove deletes
// the file unless it was there before; then it takes our entries out.
type Keystore struct {
	Path  string // absolute and clean
	Tool  string // absolute and clean
	Mode  fs.FileMode
	Owner string // empty is root
	Group string // empty is root
	Names []string
	// Values by name; only needed where Apply has to set them.
	Values map[string][]byte
	// Revision is shown for the values, all of them together.
	Revision string
}

// ID implements Item.
func (k Keystore) ID() string { return "keystore " + k.Path }

func (k Keystore) fact(name string) string { return k.ID() + ": " + name }

func (k Keystore) attributes() attributes {
	return attributes{mode: k.Mode, standard: 0o600, owner: k.Owner, group: k.Group}
}

var keystoreEntry = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// ValidKeystoreEntry tells what is wrong with the name or the value of an entry; it never shows the value.
func ValidKeystoreEntry(name string, value []byte) error {
	switch {
	case !keystoreEntry.MatchString(name):
		return fmt.Errorf("%q is not the name of an entry: letters, digits, and any of ._-", name)
	case bytes.ContainsAny(value, "\n\r\x00"):
		return fmt.Errorf("the value of %s has more than one line, which the keystore's program does not read", name)
	}
	return nil
}

func (k Keystore) validate() error {
	errs := make([]error, 0, 3+len(k.Names))
	errs = append(errs, ValidPath(k.Path), ValidPath(k.Tool), k.attributes().validate())
	for _, name := range k.Names {
		errs = append(errs, ValidKeystoreEntry(name, k.Values[name]))
	}
	return errors.Join(errs...)
}

func (k Keystore) want() Facts {
	facts := Facts{k.ID(): Present}
	if len(k.Names) > 0 {
		facts[k.fact("content")] = k.Revision
	}
	k.attributes().want(facts, k.ID())
	for _, name := range k.Names {
		facts[k.fact("entry "+name)] = Present
	}
	return facts
}

func (k Keystore) request(bool) request {
	return request{kind: "keystore", args: []string{k.Path, k.Tool, yesNo(len(k.Names) > 0)}}
}

func (k Keystore) observe(a answer) (Facts, error) {
	got, err := parseStat(a)
	if err != nil {
		return nil, err
	}
	facts := Facts{}
	for name := range k.want() {
		facts[name] = Absent
	}
	facts[k.ID()] = got.describe("regular file")
	if got.kind != "regular file" {
		return facts, nil
	}
	k.attributes().observe(facts, k.ID(), got)
	first, ours, _ := strings.Cut(a.text("record"), "\n")
	revision, sum, _ := strings.Cut(first, " ")
	entries := strings.Fields(a.text("entries"))
	for _, name := range slices.Concat(k.Names, strings.Fields(ours)) {
		if slices.Contains(entries, name) {
			facts[k.fact("entry "+name)] = Present
		}
	}
	if len(k.Names) > 0 {
		facts[k.fact("content")] = "different"
		if sum == a.line("sha256") {
			facts[k.fact("content")] = revision
		}
	}
	return facts, nil
}

// record cannot note what entries there were: nobody can read them.
func (k Keystore) record(a answer, b *Before) error {
	got, err := parseStat(a)
	switch {
	case err != nil:
		return err
	case got.kind != "" && got.kind != "regular file":
		return fmt.Errorf("there is a %s in its place", got.describe(""))
	}
	put(&b.Files, k.Path, FileBefore{Existed: got.kind != ""})
	return nil
}

func (k Keystore) apply(ctx context.Context, e *engine, a answer) error {
	if facts, err := k.observe(a); err == nil && k.sameEntries(facts) {
		return e.run(ctx, "set mode and owner", attributesScript, nil, k.Path, "file", k.attributes().modeText(), k.attributes().ownerText(), "no")
	}
	var values bytes.Buffer
	names := slices.Sorted(slices.Values(k.Names))
	for _, name := range names {
		value, ok := k.Values[name]
		if !ok {
			return fmt.Errorf("the keystore is not as it was set, and the value of %s is not known here", name)
		}
		values.Write(value)
		values.WriteByte('\n')
	}
	args := append([]string{"set", k.Path, k.Tool, k.attributes().ownerText(), k.attributes().modeText(), k.Revision}, names...)
	return e.run(ctx, "set entries", keystoreScript, values.Bytes(), args...)
}

// sameEntries tells whether only mode or owner differ.
func (k Keystore) sameEntries(got Facts) bool {
	want := k.want()
	for _, fact := range []string{k.fact("mode"), k.fact("owner")} {
		want[fact] = got[fact]
	}
	return len(got.Changes(want)) == 0
}

func (k Keystore) remove(ctx context.Context, e *engine, b Before) error {
	action := "delete"
	if b.Files[k.Path].Existed {
		action = "clear"
	}
	return e.run(ctx, "remove", keystoreScript, nil, action, k.Path, k.Tool)
}

func (k Keystore) left(got Facts, b Before) []string {
	if got[k.ID()] == Absent {
		return nil
	}
	if !b.Files[k.Path].Existed {
		return []string{k.ID() + " is still there"}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if entry, ok := strings.CutPrefix(name, k.fact("entry ")); ok && got[name] != Absent {
			return []string{k.ID() + " still has " + entry}
		}
	}
	return nil
}
