package host

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Values of the fact that names a file or directory.
const (
	Present    = "present"
	Unreadable = "unreadable" // begins it, followed by why
	// NotVerified is the value of the fact about content of a secret that nobody here knows.
	NotVerified = "not verified"
)

// attributes are mode and owner of a file or directory.
type attributes struct {
	mode, standard fs.FileMode // standard is used for a zero mode
	owner, group   string
}

var ownerName = regexp.MustCompile(`^([a-z_][a-z0-9_.-]{0,31}\$?|[0-9]{1,10})$`)

func (t attributes) validate() error {
	var errs []error
	if other := t.mode &^ (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky); other != 0 {
		errs = append(errs, fmt.Errorf("mode %v has more than permission bits", t.mode))
	}
	for _, name := range []string{t.owner, t.group} {
		if name != "" {
			errs = append(errs, ValidOwner(name))
		}
	}
	return errors.Join(errs...)
}

// ValidOwner tells what is wrong with the name or number of a user or group.
func ValidOwner(name string) error {
	if !ownerName.MatchString(name) {
		return fmt.Errorf("%q is not a user or group name", name)
	}
	return nil
}

func (t attributes) names() (owner, group string) {
	owner, group = "root", "root"
	if t.owner != "" {
		owner = t.owner
	}
	if t.group != "" {
		group = t.group
	}
	return owner, group
}

func (t attributes) ownerText() string {
	owner, group := t.names()
	return owner + ":" + group
}

func (t attributes) modeText() string {
	mode := t.mode
	if mode == 0 {
		mode = t.standard
	}
	return fmt.Sprintf("%04o", unixMode(mode))
}

func (t attributes) want(facts Facts, id string) {
	facts[id+": mode"] = t.modeText()
	facts[id+": owner"] = t.ownerText()
}

// observe writes an owner the way it was asked for: by name or by number.
func (t attributes) observe(facts Facts, id string, got stat) {
	owner, group := t.names()
	facts[id+": mode"] = got.modeText()
	facts[id+": owner"] = nameOrNumber(owner, got.user, got.uid) + ":" + nameOrNumber(group, got.group, got.gid)
}

func nameOrNumber(wanted, name, number string) string {
	if strings.Trim(wanted, "0123456789") == "" || name == "UNKNOWN" {
		return number
	}
	return name
}

// unixMode gives the twelve bits chmod takes.
func unixMode(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	for bit, value := range map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if mode&bit != 0 {
			bits |= value
		}
	}
	return bits
}

// ParseMode reads an octal mode of three or four digits. Zero is none: an item's zero mode stands for its standard.
func ParseMode(text string) (fs.FileMode, error) {
	bits, err := strconv.ParseUint(text, 8, 12)
	if err != nil || len(text) < 3 || len(text) > 4 || bits == 0 {
		return 0, fmt.Errorf("%q is not a mode of three or four octal digits, such as 0644", text)
	}
	return fileMode(uint32(bits)), nil
}

// fileMode is the inverse of unixMode.
func fileMode(bits uint32) fs.FileMode {
	mode := fs.FileMode(bits & 0o777)
	for bit, value := range map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if bits&value != 0 {
			mode |= bit
		}
	}
	return mode
}

// ValidPath tells what is wrong with a path.
func ValidPath(name string) error {
	switch {
	case strings.ContainsRune(name, 0):
		return errors.New("a path cannot contain a NUL")
	case !path.IsAbs(name) || path.Clean(name) != name || name == "/":
		return fmt.Errorf("%q is not an absolute path in its shortest form", name)
	}
	return nil
}

// stat is what stat(1) says of a path; kind is empty when nothing is there.
type stat struct {
	kind, user, group, uid, gid, target string
	mode                                uint32
	size                                int64
}

func parseStat(a answer) (stat, error) {
	if a.failed != "" {
		return stat{}, fmt.Errorf("could not tell whether it is there: %s", a.failed)
	}
	if a.absent() {
		return stat{}, nil
	}
	fields := strings.SplitN(a.text("stat"), "|", 7)
	if len(fields) != 7 {
		return stat{}, fmt.Errorf("stat answered %q", a.text("stat"))
	}
	mode, err := strconv.ParseUint(fields[0], 8, 12)
	if err != nil {
		return stat{}, fmt.Errorf("mode of stat: %w", err)
	}
	size, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("size of stat: %w", err)
	}
	s := stat{mode: uint32(mode), uid: fields[1], gid: fields[2], size: size, kind: fields[4], user: fields[5], group: fields[6], target: a.text("target")}
	if s.kind == "regular empty file" {
		s.kind = "regular file"
	}
	return s, nil
}

func (s stat) modeText() string { return fmt.Sprintf("%04o", s.mode) }

// describe is the value of the fact that names the path: present when it is of the wanted kind.
func (s stat) describe(wanted string) string {
	switch {
	case s.kind == "":
		return Absent
	case s.kind == wanted:
		return Present
	case s.target != "":
		return s.kind + " to " + s.target
	}
	return s.kind
}

// unitFolders are where systemd reads units and drop-ins.
var unitFolders = []string{"/etc/systemd/", "/run/systemd/", "/usr/lib/systemd/", "/usr/local/lib/systemd/", "/lib/systemd/"}

// isUnitFile tells whether systemd reads the path as a unit or a part of one.
func isUnitFile(name string) bool {
	return slices.ContainsFunc(unitFolders, func(folder string) bool { return strings.HasPrefix(name, folder) })
}
