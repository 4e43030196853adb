package host

import (
	"context"
	"fmt"
	"io/fs"
)

// Directory is a directory; its parent must be there. What is in it is not looked at. Remove takes it away only when it was
// not there before and is empty, or to be deleted.
type Directory struct {
	Path  string      // absolute and clean
	Mode  fs.FileMode // permission bits, also setgid and sticky; 0 is 0755
	Owner string      // user name or number; empty is root
	Group string      // group name or number; empty is root
	// Tree: what is in it belongs to its owner as well. Where the owner of the directory is not as wanted, all below gets the wanted one: data that
	// outlived the user of a program are of a number that nobody has.
	Tree bool
	// Delete lets Remove take it away with all that is in it, on this file system, unless it was there before.
	Delete bool
	// Shared: others that come and go at the same time have it too. It goes with the last of those that found none, and one that was
	// there before is left as it is.
	Shared bool
	// Own: it is shared, and this program's by its name. It goes with the last that has it, in whichever order they came.
	Own bool
}

// ID implements Item.
func (d Directory) ID() string { return "directory " + d.Path }

func (d Directory) attributes() attributes {
	return attributes{mode: d.Mode, standard: 0o755, owner: d.Owner, group: d.Group}
}

func (d Directory) validate() error {
	if err := ValidPath(d.Path); err != nil {
		return err
	}
	return d.attributes().validate()
}

func (d Directory) want() Facts {
	facts := Facts{d.ID(): Present}
	d.attributes().want(facts, d.ID())
	return facts
}

func (d Directory) request(bool) request {
	return request{kind: "directory", args: []string{d.Path}}
}

func (d Directory) observe(a answer) (Facts, error) {
	got, err := parseStat(a)
	if err != nil {
		return nil, err
	}
	facts := Facts{}
	for name := range d.want() {
		facts[name] = Absent
	}
	facts[d.ID()] = got.describe("directory")
	if got.kind == "directory" {
		d.attributes().observe(facts, d.ID(), got)
	}
	return facts, nil
}

func (d Directory) record(a answer, b *Before) error {
	got, err := parseStat(a)
	if err == nil {
		err = d.acceptable(got)
	}
	if err != nil {
		return err
	}
	before := DirectoryBefore{Existed: got.kind == "directory"}
	if before.Existed {
		before.Mode, before.Owner = got.modeText(), got.user+":"+got.group
	}
	put(&b.Directories, d.Path, before)
	return nil
}

func (d Directory) acceptable(got stat) error {
	if got.kind != "" && got.kind != "directory" {
		return fmt.Errorf("there is a %s in its place, which is not replaced", got.describe(""))
	}
	return nil
}

func (d Directory) apply(ctx context.Context, e *engine, a answer) error {
	got, err := parseStat(a)
	if err != nil {
		return err
	}
	if err := d.acceptable(got); err != nil {
		return err
	}
	kind := "directory"
	if d.Tree {
		kind = "tree"
	}
	return e.run(ctx, "make", attributesScript, nil, d.Path, kind, d.attributes().modeText(), d.attributes().ownerText(), "no")
}

func (d Directory) remove(ctx context.Context, e *engine, b Before) error {
	before := b.Directories[d.Path]
	switch {
	case !before.Existed, d.Own:
	case d.Shared:
		return nil
	default:
		return e.run(ctx, "restore", attributesScript, nil, d.Path, "directory", before.Mode, before.Owner, "no")
	}
	kind := "directory"
	if d.Delete {
		kind = "tree"
	}
	return e.run(ctx, "remove", removeScript, nil, kind, d.Path, "", "no", "")
}

func (d Directory) left(got Facts, b Before) []string {
	if !d.Shared && !d.Own && b.Directories[d.Path].Existed && got[d.ID()] == Absent {
		return []string{d.ID() + " is " + Absent + " and was there before"}
	}
	if d.Delete && !b.Directories[d.Path].Existed && got[d.ID()] != Absent {
		return []string{d.ID() + " is still there"}
	}
	return nil // a directory that others put something into stays
}
