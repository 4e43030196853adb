// Licences writes the licences of all that is linked into programs, as it goes into their archives:
//
//	go run ./tools/licences PACKAGE... >THIRD_PARTY
//
// It fails where there is a module without a licence, or with one that is not among those we may hand on.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: licences PACKAGE...")
		os.Exit(2)
	}
	out := bufio.NewWriter(os.Stdout)
	modules, err := linked(os.Args[1:])
	if err == nil {
		err = errors.Join(write(out, modules), out.Flush())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

// module is one that something was linked from, with the texts that come along with it.
type module struct {
	Path, Version string
	Dir           string          // in the module cache
	folders       map[string]bool // of the packages that are linked, and those above them
}

// linked lists the modules that the packages are made of, ours left out and Go itself among them, in order.
func linked(packages []string) ([]module, error) {
	cmd := exec.CommandContext(context.Background(), "go", append([]string{"list", "-deps", "-json=Dir,Standard,Module"}, packages...)...) //nolint:gosec // G204: packages of ours
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("unable to list what %s is made of: %w", strings.Join(packages, " and "), err)
	}
	found := map[string]*module{}
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var p struct {
			Dir      string
			Standard bool
			Module   *struct {
				Path, Version, Dir, GoVersion string
				Main                          bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("unable to read the list of packages: %w", err)
		}
		of := module{Path: "Go's standard library", Dir: filepath.Dir(goroot(p.Dir))}
		if !p.Standard {
			if p.Module == nil || p.Module.Main {
				continue
			}
			of = module{Path: p.Module.Path, Version: p.Module.Version, Dir: p.Module.Dir}
		}
		m := found[of.Path]
		if m == nil {
			of.folders = map[string]bool{}
			m = &of
			found[of.Path] = m
		}
		for folder := p.Dir; ; folder = filepath.Dir(folder) {
			m.folders[folder] = true
			if folder == m.Dir || len(folder) < len(m.Dir) {
				break
			}
		}
	}
	modules := make([]module, 0, len(found))
	for _, m := range found {
		modules = append(modules, *m)
	}
	slices.SortFunc(modules, func(a, b module) int { return cmp.Compare(a.Path, b.Path) })
	return modules, nil
}

// goroot is the folder src of Go that a package of the standard library is in.
func goroot(dir string) string {
	before, _, _ := strings.Cut(dir+"/", "/src/")
	return before + "/src"
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)`)
	noticeFile  = regexp.MustCompile(`(?i)^(notice|patents)`)
	programFile = regexp.MustCompile(`(?i)\.(go|s|c|h|py|sh)$`)
)

// ofPictures are licences of what lies beside the code and is not linked.
var ofPictures = map[string]bool{"modernc.org/memory LICENSE-LOGO": true}

// write writes the list of modules with their licences, and then all texts.
func write(out io.Writer, modules []module) error {
	var list, texts strings.Builder
	var errs []error
	for _, m := range modules {
		kinds := map[string]bool{}
		for _, folder := range slices.Sorted(maps.Keys(m.folders)) {
			entries, err := os.ReadDir(folder)
			if err != nil {
				return fmt.Errorf("unable to look for the licence of %s: %w", m.Path, err)
			}
			for _, entry := range entries {
				is := licenceFile.MatchString(entry.Name())
				if ofPictures[m.Path+" "+entry.Name()] {
					continue
				}
				if entry.IsDir() || programFile.MatchString(entry.Name()) || !is && !noticeFile.MatchString(entry.Name()) {
					continue
				}
				text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
				if err != nil {
					return fmt.Errorf("unable to read a licence: %w", err)
				}
				inside, err := filepath.Rel(m.Dir, filepath.Join(folder, entry.Name()))
				if err != nil {
					return err
				}
				if is {
					of := recognise(string(text))
					if len(of) == 0 {
						errs = append(errs, fmt.Errorf("%s %s: %s is of no licence that we know we may hand on", m.Path, m.Version, inside))
					}
					for _, kind := range of {
						kinds[kind] = true
					}
				}
				fmt.Fprintf(&texts, "\n%s\n%s: %s\n%s\n\n%s\n", strings.Repeat("=", 100), strings.TrimSpace(m.Path+" "+m.Version), filepath.ToSlash(inside),
					strings.Repeat("=", 100), strings.TrimRight(string(text), "\n"))
			}
		}
		if len(kinds) == 0 {
			errs = append(errs, fmt.Errorf("%s %s has no licence", m.Path, m.Version))
		}
		fmt.Fprintf(&list, "%-60s %-40s %s\n", m.Path, m.Version, strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "This program is made of the following, besides its own code, which is under the licence in the file LICENSE. The texts follow the list.\n\n%s%s", &list, &texts)
	return err
}

// allowed are the licences that we may hand programs on under, by their SPDX identifiers, and the words that tell them, without punctuation.
var allowed = []struct{ licence, words string }{
	{"Apache-2.0", "apache license version 2 0"},
	{"Apache-2.0", "licensed under the apache license version 2 0"},
	{"BSD", "redistribution and use in source and binary forms with or without modification are permitted"},
	{"ISC", "permission to use copy modify and or distribute this software for any purpose with or without fee is hereby granted"},
	{"ISC", "permission to use copy modify and distribute this software for any purpose with or without fee is hereby granted"},
	{"MIT", "permission is hereby granted free of charge to any person obtaining a copy"},
	{"MPL-2.0", "mozilla public license version 2 0"},
	{"public domain", "dedicated to the public domain"},
	{"public domain", "released into the public domain"},
}

// refused tell a licence by how it begins: others mention these names, too.
var refused = []string{"gnu general public license", "gnu affero general public license", "gnu lesser general public license", "business source license", "server side public license", "elastic license", "commons clause"}

var notWord = regexp.MustCompile(`[^a-z0-9]+`)

// recognise says which licences a text has. None: none that is allowed.
func recognise(text string) []string {
	words := notWord.ReplaceAllString(strings.ToLower(text), " ")
	begin := words[:min(len(words), 400)]
	if slices.ContainsFunc(refused, func(name string) bool { return strings.Contains(begin, name) }) {
		return nil
	}
	var found []string
	for _, one := range allowed {
		if strings.Contains(words, one.words) && !slices.Contains(found, one.licence) {
			found = append(found, one.licence)
		}
	}
	return found
}
