package elastiflow

import (
	"path/filepath"
	"slices"
)

// Merge puts files together as they count: what is said later wins. Of units and drop-ins an empty Environment= or EnvironmentFile= forgets what
// those before said, and the files that EnvironmentFile= names win over Environment=, wherever they stand (systemd.exec(5)). Includes are those left
// that are none of the files.
func Merge(files ...Input) Input {
	var units []Input
	var all Input
	for _, f := range files {
		if !f.Unit {
			continue
		}
		if f.Forgets {
			for i := range units {
				units[i].Settings = nil
			}
		}
		if f.ForgetsIncludes {
			all.Includes = nil
		}
		units = append(units, f)
		all.Includes = append(all.Includes, f.Includes...)
	}
	included := make([]bool, len(files))
	var order []Input
	all.Includes = slices.DeleteFunc(all.Includes, func(include Setting) bool {
		i := named(files, include.Value)
		if i < 0 {
			return false
		}
		if !included[i] {
			included[i] = true
		} else { // named again: it is read again
			order = slices.DeleteFunc(order, func(f Input) bool { return f.File == files[i].File })
		}
		order = append(order, files[i])
		return true
	})
	last := -1
	for i, f := range files {
		if f.Unit {
			last = i
		}
	}
	for i, f := range files {
		switch {
		case f.Unit:
			all.Settings = append(all.Settings, units[0].Settings...)
			units = units[1:]
		case !included[i]:
			all.Settings = append(all.Settings, f.Settings...)
		}
		if i == last {
			for _, f := range order {
				all.Settings = append(all.Settings, f.Settings...)
			}
		}
	}
	return all
}

// named finds the file that a unit includes: by its path, or by its name where it was copied from the host.
func named(files []Input, path string) int {
	for _, same := range []func(file string) bool{
		func(file string) bool { return filepath.Clean(file) == filepath.Clean(path) },
		func(file string) bool { return filepath.Base(file) == filepath.Base(path) },
	} {
		if i := slices.IndexFunc(files, func(f Input) bool { return !f.Unit && same(f.File) }); i >= 0 {
			return i
		}
	}
	return -1
}
