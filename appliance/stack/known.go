package stack

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Kind says what a setting's value is.
type Kind string

// Kinds of settings.
const (
	Any      Kind = "" // text, written bare if it is a number
	Text     Kind = "text"
	Bool     Kind = "bool"
	Number   Kind = "number"
	Duration Kind = "duration" // 30s, or milliseconds
	Bytes    Kind = "bytes"    // 8mb, or bytes
	Strings  Kind = "list"     // "a, b"
	Object   Kind = "object"   // has parts of its own: the names below it are the user's
	Secret   Kind = "secret"   // text that belongs into a keystore
)

var kinds = []Kind{Text, Bool, Number, Duration, Bytes, Strings, Object, Secret}

// List is what settings there are.
type List struct {
	names Names[Kind]
	old   map[string]Deprecation
}

// Deprecation is why a setting is not to be used any more.
type Deprecation struct {
	Since   string // version; empty: not said
	Instead string // what to do
	Useless bool   // it has no effect already
}

// ParseList reads a list of settings, one a line: NAME [KIND]. Lines that begin with # are comments.
func ParseList(text string, deprecations map[string]Deprecation) (*List, error) {
	list := &List{old: deprecations}
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		kind := Any
		if len(fields) == 2 {
			kind = Kind(fields[1])
		}
		if len(fields) > 2 || kind != Any && !slices.Contains(kinds, kind) || !list.add(fields[0], kind) {
			return nil, fmt.Errorf("line %d of the list of settings: %q", number, strings.TrimSpace(line))
		}
	}
	for name := range deprecations {
		if !list.Known(name) {
			return nil, fmt.Errorf("%s is deprecated and not in the list of settings", name)
		}
	}
	return list, nil
}

// SettingError is what is wrong with a setting.
type SettingError struct{ Name, Message string }

func (m *SettingError) Error() string { return m.Name + ": " + m.Message }

// add adds a setting; it tells whether it was not there.
func (l *List) add(name string, kind Kind) bool {
	if kind == Object {
		l.names.Add(name+".", Any)
	}
	return l.names.Add(name, kind)
}

// kind is what the value of a setting is: anything, for one that is not known or a part of an object.
func (l *List) kind(name string) Kind {
	kind, _, _ := l.names.Find(name)
	return kind
}

// Known tells whether there is such a setting, or an object that it is a part of.
func (l *List) Known(name string) bool {
	_, _, ok := l.names.Find(name)
	return ok
}

// Names are all known settings, sorted.
func (l *List) Names() []string { return l.names.Exact() }

// Deprecated says why a setting is not to be used any more; ok is false for one that may be.
func (l *List) Deprecated(name string) (Deprecation, bool) {
	d, ok := l.old[name]
	return d, ok
}

func (d Deprecation) String() string {
	text := "it is deprecated"
	if d.Since != "" {
		text += " since " + d.Since
	}
	if d.Useless {
		text = strings.Replace(text, "it is deprecated", "it has had no effect", 1)
	}
	return text + ": " + d.Instead
}

var (
	duration = regexp.MustCompile(`^\d+(ms|[smhdwMY])?$`)
	bytesize = regexp.MustCompile(`^\d+([kmg]?b)?$`)
)

// Check tells what is wrong with one setting, its name first.
func (l *List) Check(name, value string) error {
	if !l.Known(name) {
		message := "there is no such setting"
		if near := l.Nearest(name); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		return &SettingError{name, message}
	}
	if err := l.kind(name).check(value); err != nil {
		return &SettingError{name, err.Error()}
	}
	if _, err := l.value(name, value); err != nil {
		return &SettingError{name, err.Error()}
	}
	return nil
}

func (k Kind) check(value string) error {
	ok, wanted := true, ""
	switch k {
	case Bool:
		ok, wanted = value == "true" || value == "false", "neither true nor false"
	case Number:
		_, err := strconv.ParseFloat(value, 64)
		ok, wanted = err == nil, "no number"
	case Duration:
		ok, wanted = duration.MatchString(value), "no time such as 30s, 5m, or a number of milliseconds"
	case Bytes:
		ok, wanted = bytesize.MatchString(value), "no size such as 8mb, or a number of bytes"
	case Secret:
		return errors.New("it is a secret, which does not belong into a file of settings: put it into the keystore")
	}
	if !ok {
		return fmt.Errorf("%q is %s", value, wanted)
	}
	return nil
}

// Nearest is the setting that was probably meant by another name, or empty when none is like it.
func (l *List) Nearest(name string) string {
	for _, known := range l.Names() {
		if strings.HasSuffix(known, "."+name) { // the beginning was left out
			return known
		}
	}
	return l.names.Nearest(name, len(name)/3+1, func(string, Kind) bool { return true })
}
