package host

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

//go:embed scripts/openkeystore.sh
var openKeystoreScript string

// OpenKeystore is a keystore whose entries can be looked at, such as kibana.keystore: a file with secret settings, in a form of its own, that a program
// reads at its start. It is changed by the tool that comes with the program, all entries at once. Entries that are not asked for stay as they are.
type OpenKeystore struct {
	Path        string // absolute and clean
	Program     string // the tool: create, add -f -x NAME, remove NAME
	Environment string // the variable that tells the tool in which folder the keystore is
	Mode        fs.FileMode
	Owner       string
	Group       string
	Entries     []OpenKeystoreEntry
	// Decode reads the entries of a keystore.
	Decode func(content []byte) (map[string][]byte, error)
}

// OpenKeystoreEntry is one secret in it.
type OpenKeystoreEntry struct {
	Name string
	// Generated: the host makes it, when there is none, of 256 random bits in hexadecimal digits. It never leaves the host but for being looked at, and is
	// never made anew while it is there.
	Generated bool
	// Check tells what is wrong with what a generated one is; nil: nothing can be.
	Check    func(value []byte) error
	Value    []byte                  // of one that is given; nil where it is not known
	Revision string                  // the fact of one that is given
	Verify   func(value []byte) bool // whether what is there is it; nil compares with Value
	// Forget: it was asked for before, and is to go. It has a fact only while it is there.
	Forget bool
}

// OpenKeystoreBefore is a keystore as it was.
type OpenKeystoreBefore struct {
	Existed bool     `json:"existed"`
	Entries []string `json:"entries,omitempty"` // their names
}

// Generated is the fact of an entry that the host made.
const Generated = "generated on the host"

// ID implements Item.
func (k OpenKeystore) ID() string { return "keystore " + k.Path }

func (k OpenKeystore) fact(entry string) string { return k.ID() + ": " + entry }

func (k OpenKeystore) attributes() attributes {
	return attributes{mode: k.Mode, standard: 0o600, owner: k.Owner, group: k.Group}
}

var (
	openKeystoreEntry       = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$`)
	openKeystoreEnvironment = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
)

func (k OpenKeystore) validate() error {
	errs := []error{ValidPath(k.Path), ValidPath(k.Program), k.attributes().validate()}
	if k.Decode == nil || !openKeystoreEnvironment.MatchString(k.Environment) {
		errs = append(errs, errors.New("it is not known how to read it"))
	}
	seen := map[string]bool{}
	for _, entry := range k.Entries {
		switch {
		case !openKeystoreEntry.MatchString(entry.Name):
			errs = append(errs, fmt.Errorf("%q is not the name of an entry", entry.Name))
		case seen[entry.Name]:
			errs = append(errs, fmt.Errorf("entry %s is described twice", entry.Name))
		}
		seen[entry.Name] = true
	}
	return errors.Join(errs...)
}

func (k OpenKeystore) want() Facts {
	facts := Facts{k.ID(): Present}
	k.attributes().want(facts, k.ID())
	for _, entry := range k.Entries {
		if !entry.Forget {
			facts[k.fact(entry.Name)] = entry.want()
		}
	}
	return facts
}

func (e OpenKeystoreEntry) want() string {
	switch {
	case e.Forget:
		return Absent
	case e.Generated:
		return Generated
	}
	return e.Revision
}

func (k OpenKeystore) request(bool) request { return File{Path: k.Path, Secret: true}.request(false) }

// look reads the keystore that an answer has.
func (k OpenKeystore) look(a answer) (got stat, entries map[string][]byte, err error) {
	if got, err = parseStat(a); err != nil || got.kind != "regular file" {
		return got, nil, err
	}
	content, whole := a.bytes("content")
	if !whole {
		return got, nil, fmt.Errorf("%d bytes are more than %d", got.size, MaxFormatContent)
	}
	entries, err = k.Decode(content)
	return got, entries, err
}

func (k OpenKeystore) observe(a answer) (Facts, error) {
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
	_, entries, err := k.look(a)
	if err != nil {
		facts[k.ID()] = Unreadable + ": " + err.Error()
		for _, entry := range k.Entries {
			if !entry.Forget {
				facts[k.fact(entry.Name)] = Unreadable
			}
		}
		return facts, nil
	}
	for _, entry := range k.Entries {
		if value, ok := entries[entry.Name]; ok {
			facts[k.fact(entry.Name)] = entry.observe(value)
		}
	}
	return facts, nil
}

func (e OpenKeystoreEntry) observe(value []byte) string {
	switch {
	case e.Forget:
		return Present
	case e.Generated && e.Check != nil && e.Check(value) != nil:
		return "unusable: " + e.Check(value).Error()
	case e.Generated:
		return Generated
	case e.Verify != nil && e.Verify(value), e.Verify == nil && e.Value != nil && bytes.Equal(e.Value, value):
		return e.Revision
	case e.Verify == nil && e.Value == nil:
		return NotVerified
	}
	return "different"
}

func (k OpenKeystore) record(a answer, b *Before) error {
	got, entries, err := k.look(a)
	switch {
	case err != nil:
		return fmt.Errorf("what is in it cannot be read, and is not replaced: %w", err)
	case got.kind != "" && got.kind != "regular file":
		return fmt.Errorf("there is a %s in its place, which is not replaced", got.describe(""))
	}
	put(&b.OpenKeystores, k.Path, OpenKeystoreBefore{Existed: got.kind != "", Entries: slices.Sorted(maps.Keys(entries))})
	return nil
}

func (k OpenKeystore) apply(ctx context.Context, e *engine, a answer) error {
	_, entries, err := k.look(a)
	if err != nil {
		return err
	}
	var steps []string
	for _, entry := range k.Entries {
		value, there := entries[entry.Name]
		is := Absent
		if there {
			is = entry.observe(value)
		}
		switch {
		case is == entry.want():
		case entry.Forget:
			steps = append(steps, "remove "+entry.Name)
		case entry.Generated && there: // whatever is encrypted with it could not be read any more
			return fmt.Errorf("entry %s is %s. Making another one would lose what it encrypts: remove it by hand (%s remove %[1]s) if that may be",
				entry.Name, is, k.Program)
		case entry.Generated:
			steps = append(steps, "generate "+entry.Name)
		case entry.Value == nil:
			return fmt.Errorf("entry %s is not the secret, and the secret itself is not known here", entry.Name)
		default:
			quoted, err := json.Marshal(string(entry.Value))
			if err != nil {
				return err
			}
			steps = append(steps, "put "+entry.Name+" "+base64.StdEncoding.EncodeToString(quoted))
		}
	}
	if len(steps) == 0 && entries != nil {
		return e.run(ctx, "set mode and owner", attributesScript, nil, k.Path, "file", k.attributes().modeText(), k.attributes().ownerText(), "no")
	}
	return k.change(ctx, e, steps)
}

func (k OpenKeystore) change(ctx context.Context, e *engine, steps []string) error {
	stdin := strings.Join(append(steps, "end"), "\n") + "\n"
	return e.run(ctx, "change", openKeystoreScript, []byte(stdin), k.Path, k.attributes().modeText(), k.attributes().ownerText(), k.Program, k.Environment)
}

// remove takes the keystore away; of one that was there before, only the entries that were not.
func (k OpenKeystore) remove(ctx context.Context, e *engine, b Before) error {
	before, recorded := b.OpenKeystores[k.Path]
	if !recorded || !before.Existed {
		return e.run(ctx, "remove", removeScript, nil, "file", k.Path, leftovers(k.Path), "no", BackupSuffix)
	}
	_, entries, err := k.look(e.found[k.ID()])
	if err != nil {
		return err
	}
	var steps []string
	for _, entry := range k.Entries {
		if _, there := entries[entry.Name]; there && !slices.Contains(before.Entries, entry.Name) {
			steps = append(steps, "remove "+entry.Name)
		}
	}
	if len(steps) == 0 {
		return nil
	}
	return k.change(ctx, e, steps)
}

func (k OpenKeystore) left(got Facts, b Before) []string {
	before := b.OpenKeystores[k.Path]
	switch {
	case !before.Existed && got[k.ID()] != Absent:
		return []string{k.ID() + " is still there"}
	case !before.Existed || got[k.ID()] == Absent:
		return nil // one that was there goes with what was removed with it
	}
	var left []string
	for _, entry := range k.Entries {
		if got.value(k.fact(entry.Name)) != Absent && !slices.Contains(before.Entries, entry.Name) {
			left = append(left, k.fact(entry.Name)+" is still there")
		}
	}
	return left
}
