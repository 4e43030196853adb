package host

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// SysctlOrder watches that a file of sysctl.d keeps its say at boot. systemd-sysctl reads the files of several folders in the order of
// their names, whatever the folder, and of two assignments the later one counts (sysctl.d(5)): a file whose name sorts after Path may
// undo it. Each parameter that another file takes over is a fact of its own, "sysctl KEY: overridden by FILE" = the value it gives;
// when all is well there is none. Apply does not touch other people's files: it says which one it is.
type SysctlOrder struct {
	Path     string            // of the file, in /etc/sysctl.d
	Settings map[string]string // that it makes
}

// ID implements Item.
func (s SysctlOrder) ID() string { return "sysctl order of " + s.Path }

func (s SysctlOrder) validate() error { return ValidPath(s.Path) }

func (s SysctlOrder) want() Facts { return Facts{} }

func (s SysctlOrder) request(bool) request { return request{kind: "sysctlfiles"} }

// OverriddenBy parts, in the name of a fact, the parameter from the file that takes it over.
const OverriddenBy = ": overridden by "

// bootFile is a file that systemd-sysctl reads.
type bootFile struct {
	name    string // what it sorts by
	path    string // with where a symbolic link leads to
	content []byte
}

// bootFiles are those it reads, in its order. A file hides those of the same name in folders that count less; /dev/null is a way to.
func bootFiles(a answer) []bootFile {
	var files []bootFile
	seen := map[string]bool{}
	for _, v := range a.values {
		switch v.name {
		case "path":
			files = append(files, bootFile{name: path.Base(string(v.content)), path: string(v.content)})
		case "target":
			files[len(files)-1].path += " → " + string(v.content)
		case "content":
			files[len(files)-1].content = v.content
		}
	}
	files = slices.DeleteFunc(files, func(f bootFile) bool {
		hidden := seen[f.name]
		seen[f.name] = true
		return hidden
	})
	slices.SortFunc(files, func(a, b bootFile) int { return strings.Compare(a.name, b.name) })
	return files
}

func (s SysctlOrder) observe(a answer) (Facts, error) {
	if a.failed != "" {
		return nil, fmt.Errorf("could not tell what other files set: %s", a.failed)
	}
	type assignment struct{ path, value string }
	last := map[string]assignment{}
	for _, file := range bootFiles(a) {
		if file.name <= path.Base(s.Path) {
			continue
		}
		for line := range bytes.Lines(file.content) {
			// A line that is none is skipped at boot, too. A pattern does not count for a parameter that is set by its name.
			if one, err := parseSysctlLine(string(line)); err == nil && one.key != "" {
				last[one.key] = assignment{file.path, one.value}
			}
		}
	}
	facts := Facts{}
	for key, value := range s.Settings {
		if by, ok := last[SysctlKey(key)]; ok && by.value != SysctlValue(value) {
			facts[(Sysctl{Key: key}).ID()+OverriddenBy+by.path] = by.value
		}
	}
	return facts, nil
}

func (s SysctlOrder) record(answer, *Before) error { return nil }

func (s SysctlOrder) apply(_ context.Context, _ *engine, a answer) error {
	facts, err := s.observe(a)
	if err != nil {
		return err
	}
	said := make([]string, 0, len(facts))
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		key, file, _ := strings.Cut(strings.TrimPrefix(name, "sysctl "), OverriddenBy)
		said = append(said, fmt.Sprintf("%s to %s (%s)", key, facts[name], file))
	}
	return fmt.Errorf("at the next boot a file that is read later sets %s; take the line out there, or have yours in a file whose name sorts after that one",
		strings.Join(said, ", "))
}

func (s SysctlOrder) remove(context.Context, *engine, Before) error { return nil }

func (s SysctlOrder) left(Facts, Before) []string { return nil }
