package host

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// repositoryOthers are the other files that apt reads repositories from: none may have the same one.
type repositoryOthers struct{ r AptRepository }

// ID implements Item.
func (o repositoryOthers) ID() string { return "repository " + o.r.Name + ": configured elsewhere" }

const nowhere = "no"

func (o repositoryOthers) validate() error { return nil } // repositoryLists does

func (o repositoryOthers) want() Facts { return Facts{o.ID(): nowhere} }

func (o repositoryOthers) request(bool) request {
	return request{kind: "sources", args: []string{o.r.SourcesFile()}}
}

func (o repositoryOthers) observe(a answer) (Facts, error) {
	if a.failed != "" {
		return nil, fmt.Errorf("could not read the other repositories of the host: %s", a.failed)
	}
	value := nowhere
	for _, source := range a.all("source") {
		file, content, _ := strings.Cut(source, "\n")
		for _, other := range parseSources(file, content) {
			if other.overlaps(o.r) {
				value = "in " + file
			}
		}
	}
	return Facts{o.ID(): value}, nil
}

// record refuses a host that has the repository already: before anything is done, so that there is nothing to undo, which would be the other
// file's lists.
func (o repositoryOthers) record(a answer, _ *Before) error {
	facts, err := o.observe(a)
	if err != nil || facts[o.ID()] == nowhere {
		return err
	}
	return fmt.Errorf("the host has it already, %s; take it out there first, or leave it to that file", facts[o.ID()])
}

func (o repositoryOthers) apply(context.Context, *engine, answer) error { return nil }

func (o repositoryOthers) remove(context.Context, *engine, Before) error { return nil }

func (o repositoryOthers) left(Facts, Before) []string { return nil }

// source is one repository of a file.
type source struct{ uris, suites []string }

// parseSources reads what is enabled in a file of apt's, .sources or one-line; what it cannot read is left to apt to complain about.
func parseSources(file, content string) []source {
	if strings.HasSuffix(file, ".sources") {
		stanzas, err := parseStanzas(content)
		if err != nil {
			return nil
		}
		var all []source
		for _, s := range stanzas {
			if off := []string{"no", "false", "0", "off", "without", "disable"}; slices.Contains(off, strings.ToLower(s["enabled"])) {
				continue
			}
			if slices.Contains(strings.Fields(s["types"]), "deb") {
				all = append(all, source{strings.Fields(s["uris"]), strings.Fields(s["suites"])})
			}
		}
		return all
	}
	var all []source
	for line := range strings.Lines(content) {
		line, _, _ = strings.Cut(line, "#")
		if fields := strings.Fields(options.ReplaceAllString(line, " ")); len(fields) >= 3 && fields[0] == "deb" {
			all = append(all, source{[]string{fields[1]}, []string{fields[2]}})
		}
	}
	return all
}

// options are what a one-line entry has in brackets.
var options = regexp.MustCompile(`\[[^]]*\]`)

// overlaps tells whether apt would see one repository twice.
func (s source) overlaps(r AptRepository) bool {
	same := func(a, b []string, canonical func(string) string) bool {
		return slices.ContainsFunc(a, func(x string) bool {
			return slices.ContainsFunc(b, func(y string) bool { return canonical(x) == canonical(y) })
		})
	}
	return same(s.uris, r.URIs, canonicalURI) && same(s.suites, r.Suites, strings.TrimSpace)
}

// canonicalURI is equal for the ways to write the place of one repository.
func canonicalURI(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return uri
	}
	return strings.ToLower(u.Host) + "/" + strings.Trim(u.Path+u.Opaque, "/")
}
