package schema

import (
	"fmt"
	"strings"
)

// Selection says which fields documents have.
type Selection struct {
	Profile string   // all, full or lean; empty is full
	With    []string // fields to add to the profile; an object is all fields below it
	Without []string // fields to leave out; wins over With
}

// timestampField is what no document can do without: data streams and sorted indices refuse one that has none.
const timestampField = "@timestamp"

// fields are the names of those that are selected. The error names what is not there, or cannot be left out.
func (s Selection) fields() (map[string]bool, error) {
	on := map[string]bool{}
	least, is := map[string]Tier{"": full, "all": all, "full": full, "lean": lean}[s.Profile]
	if !is {
		return nil, fmt.Errorf("%q is not a profile of the document: want all, full or lean", s.Profile)
	}
	for i := range Fields {
		on[Fields[i].Name] = Fields[i].Tier >= least
	}
	for _, change := range []struct {
		names []string
		to    bool
	}{{s.With, true}, {s.Without, false}} {
		for _, name := range change.names {
			if err := CheckField(name); err != nil {
				return nil, err
			}
			for i := range Fields {
				if below(Fields[i].Name, name) {
					on[Fields[i].Name] = change.to
				}
			}
		}
	}
	if !on[timestampField] {
		return nil, fmt.Errorf("unable to leave out %s: every document must have it", timestampField)
	}
	return on, nil
}

// CheckField tells whether a name is that of a field, or of an object with fields below it.
func CheckField(name string) error {
	for i := range Fields {
		if below(Fields[i].Name, name) {
			return nil
		}
	}
	return fmt.Errorf("%q is not a field of the document", name)
}

// below tells whether a field is what a name stands for, or is in the object that it stands for.
func below(field, name string) bool {
	rest, found := strings.CutPrefix(field, name)
	return found && (rest == "" || rest[0] == '.')
}
