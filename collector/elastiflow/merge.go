package elastiflow

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Forgotten is a setting that stands in a file and does not count.
type Forgotten struct {
	Setting
	Why string
}

// Merge puts files together as they count: what is said later wins. Of units and drop-ins an empty Environment= or EnvironmentFile= forgets what
// those before said, and the files that EnvironmentFile= names win over Environment=, wherever they stand (systemd.exec(5)). A file that only a
// forgotten EnvironmentFile= names does not count: systemd does not read it. Includes are those left that are none of the files.
func Merge(files ...Input) Input {
	m := merger{files: files}
	units, last := m.units()
	named := m.resolve()

	all := &m.all
	var order []int // of files that units name: those that are named again are read again
	for i, n := range m.includes {
		switch {
		case n.by != nil && len(named[i]) == 0:
			all.forget([]Setting{n.Setting}, forgottenBy(n.by))
		case n.by == nil && len(named[i]) == 0:
			all.Includes = append(all.Includes, n.Setting)
		case n.by == nil:
			order = slices.DeleteFunc(order, func(f int) bool { return slices.Contains(named[i], f) })
			order = append(order, named[i]...)
		}
	}
	for i, f := range files {
		switch why := m.unread(i, named, order); {
		case f.Unit:
			all.Settings = append(all.Settings, units[i]...)
		case why != "":
			all.forget(f.Settings, why)
		case !slices.Contains(order, i):
			all.Settings = append(all.Settings, f.Settings...)
		}
		if i == last {
			for _, f := range order {
				all.Settings = append(all.Settings, files[f].Settings...)
			}
		}
	}
	return *all
}

// include is a file that a unit names.
type include struct {
	Setting
	by *Setting // what forgets it
}

// merger is files on their way to be one.
type merger struct {
	files    []Input
	includes []include
	all      Input // what they come to
}

// units returns what each unit says that counts, by its place among the files, and the place of the last.
func (m *merger) units() (settings [][]Setting, last int) {
	settings, last = make([][]Setting, len(m.files)), -1
	for i, f := range m.files {
		m.all.Forgotten = append(m.all.Forgotten, f.Forgotten...)
		if !f.Unit {
			continue
		}
		last = i
		if f.Forgets != nil {
			for before := range settings[:i] {
				m.all.forget(settings[before], forgottenBy(f.Forgets))
				settings[before] = nil
			}
		}
		if f.ForgetsIncludes != nil {
			for n := range m.includes {
				if m.includes[n].by == nil {
					m.includes[n].by = f.ForgetsIncludes
				}
			}
		}
		settings[i] = f.Settings
		for _, s := range f.Includes {
			m.includes = append(m.includes, include{Setting: s})
		}
	}
	return settings, last
}

// forget notes settings that do not count.
func (in *Input) forget(list []Setting, why string) {
	for _, s := range list {
		in.Forgotten = append(in.Forgotten, Forgotten{s, why})
	}
}

// forgottenBy says why systemd forgets something.
func forgottenBy(by *Setting) string {
	return fmt.Sprintf("systemd forgets it: an empty %s= follows in %s, line %d", by.Name, by.File, by.Line)
}

// unread says why systemd does not read a file that units name; empty when it does, or no unit names it.
func (m *merger) unread(file int, named [][]int, order []int) string {
	if slices.Contains(order, file) {
		return ""
	}
	for i, n := range m.includes {
		if slices.Contains(named[i], file) {
			return fmt.Sprintf("systemd does not read this file: %s, line %d, names it, and an empty EnvironmentFile= follows in %s, line %d", n.File, n.Line, n.by.File, n.by.Line)
		}
	}
	return ""
}

// resolve finds the files that each include names, in the order in which systemd reads them. They are those of its path, which may be a pattern; or
// copies below another folder, as host/etc/one.env is of /etc/one.env; or else one with its name, where that can be no other's.
func (m *merger) resolve() [][]int {
	named := make([][]int, len(m.includes))
	taken := map[int]bool{}
	for _, is := range []func(pattern, file string) bool{
		matches,
		func(pattern, file string) bool {
			for at := 0; ; {
				next := strings.IndexByte(file[at:], '/')
				if next < 0 {
					return false
				}
				at += next
				if at > 0 && matches(pattern, file[at:]) {
					return true
				}
				at++
			}
		},
	} {
		found := map[int]bool{}
		for i := range m.includes {
			if len(named[i]) > 0 {
				continue
			}
			for f, file := range m.files {
				if !file.Unit && !taken[f] && is(filepath.Clean(m.includes[i].Value), filepath.Clean(file.File)) {
					named[i] = append(named[i], f)
					found[f] = true
				}
			}
			slices.SortStableFunc(named[i], func(a, b int) int { return strings.Compare(m.files[a].File, m.files[b].File) })
		}
		for f := range found {
			taken[f] = true
		}
	}
	m.byName(named, taken)
	return named
}

// matches tells whether a path is that of an include, which may have wildcards (glob(7)).
func matches(pattern, file string) bool {
	if pattern == file {
		return true
	}
	ok, err := filepath.Match(pattern, file)
	return ok && err == nil
}

// byName finds copies that have only the name of what a unit names. Where two could be meant none is: each counts where it stands, and the report
// asks for the file.
func (m *merger) byName(named [][]int, taken map[int]bool) {
	paths, copies := map[string]map[string]bool{}, map[string][]int{} // by name
	for i, n := range m.includes {
		if name := filepath.Base(n.Value); len(named[i]) == 0 {
			if paths[name] == nil {
				paths[name] = map[string]bool{}
			}
			paths[name][filepath.Clean(n.Value)] = true
		}
	}
	for f, file := range m.files {
		if !file.Unit && !taken[f] {
			name := filepath.Base(file.File)
			copies[name] = append(copies[name], f)
		}
	}
	for i, n := range m.includes {
		name := filepath.Base(n.Value)
		if len(named[i]) == 0 && len(paths[name]) == 1 && len(copies[name]) == 1 {
			named[i] = copies[name]
		}
	}
}
