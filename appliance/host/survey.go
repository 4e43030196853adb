package host

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// InstalledPackage is a package that a host has.
type InstalledPackage struct {
	Name, Version string
	Held          bool // nothing moves it from its version
	Manual        bool // somebody asked for it: it is not there for the sake of another one, as apt-mark(8) has it
}

// survey asks one thing about all of a kind that a host has.
func survey(ctx context.Context, runner Runner, what string, question request) (answer, error) {
	answers, err := ask(ctx, runner, []request{question})
	if err != nil {
		return answer{}, err
	}
	if failed := answers[0].failed; failed != "" {
		return answer{}, fmt.Errorf("could not tell which %s the host has: %s", what, failed)
	}
	return answers[0], nil
}

// InstalledPackages returns those that are whole, in order of their names. One of several architectures is there once.
func InstalledPackages(ctx context.Context, runner Runner) ([]InstalledPackage, error) {
	a, err := survey(ctx, runner, "packages", request{kind: "packages"})
	if err != nil {
		return nil, err
	}
	manual := strings.Fields(a.text("manual"))
	installed := map[string]InstalledPackage{}
	for line := range strings.Lines(a.text("packages")) { // STATUS WANT NAME VERSION
		words := strings.Fields(line)
		if len(words) != 4 || words[0] != "installed" || !packageName.MatchString(words[2]) {
			continue
		}
		p := InstalledPackage{Name: words[2], Version: words[3], Held: words[1] == "hold", Manual: slices.Contains(manual, words[2])}
		installed[p.Name] = p
	}
	return slices.SortedFunc(maps.Values(installed), func(a, b InstalledPackage) int { return strings.Compare(a.Name, b.Name) }), nil
}

// OwnUnits returns the names of the units whose files the administrator has written: files of /etc/systemd/system that everybody may read, not the
// links of it, and not templates, which are no units.
func OwnUnits(ctx context.Context, runner Runner) ([]string, error) {
	a, err := survey(ctx, runner, "units", request{kind: "unitfiles"})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(a.all("unit"), func(name string) bool {
		return ValidUnitName(name) != nil || strings.Contains(name, "@.")
	}), nil
}

// FoundRepository is a repository by a file of its own: /etc/apt/sources.list.d/NAME.sources.
type FoundRepository struct {
	Name string
	URIs []string
}

// OwnRepositories returns the repositories that an AptRepository could be: those of a .sources file that has one, in force, and a name as we give.
func OwnRepositories(ctx context.Context, runner Runner) ([]FoundRepository, error) {
	a, err := survey(ctx, runner, "repositories", request{kind: "sources", args: []string{""}})
	if err != nil {
		return nil, err
	}
	var all []FoundRepository
	for _, one := range a.all("source") {
		file, content, _ := strings.Cut(one, "\n")
		name, form := strings.CutSuffix(path.Base(file), ".sources")
		if paragraphs, err := parseStanzas(content); !form || err != nil || len(paragraphs) != 1 || !repositoryName.MatchString(name) {
			continue
		}
		for _, s := range parseSources(file, content) {
			all = append(all, FoundRepository{name, s.uris})
		}
	}
	return all, nil
}

// OwnSysctls returns the paths of the files in /etc/sysctl.d, not of the links there, that set parameters by their names and have nothing else that counts, in order.
func OwnSysctls(ctx context.Context, runner Runner) ([]string, error) {
	a, err := survey(ctx, runner, "kernel parameters", request{kind: "sysctlfiles"})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, file := range bootFiles(a) {
		settings, err := SysctlFormat{}.Facts(file.content)
		if path.Dir(file.path) == "/etc/sysctl.d" && err == nil && len(settings) > 0 && settable(settings) {
			all = append(all, file.path)
		}
	}
	return all, nil
}

// settable tells whether a Sysctl can do all of it: it knows no patterns, nor what is excluded from them.
func settable(settings map[string]string) bool {
	for key, value := range settings {
		if strings.HasPrefix(key, "-") || (Sysctl{Key: key, Value: value}).validate() != nil {
			return false
		}
	}
	return true
}
