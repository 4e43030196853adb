package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// lists say which files with lists of packages are those of the repository, one for each URI and suite: what their names begin with, the
// way apt makes them of URIs, and what comes then with a "_", the components. Of a suite that is a folder there are none.
func (r AptRepository) lists() []string {
	var lists []string
	for _, uri := range r.URIs {
		_, rest, _ := strings.Cut(uri, ":")
		rest = strings.TrimRight(strings.TrimPrefix(rest, "//"), "/") + "/"
		for _, suite := range r.Suites {
			switch {
			case suite == "/":
				lists = append(lists, listName(rest))
			case strings.HasSuffix(suite, "/"):
				lists = append(lists, listName(rest+suite))
			default:
				words := make([]string, 0, 1+len(r.Components))
				words = append(words, listName(rest+"dists/"+suite+"/"))
				for _, component := range r.Components {
					words = append(words, listName(component))
				}
				lists = append(lists, strings.Join(words, " "))
			}
		}
	}
	return lists
}

func listName(uri string) string {
	var name strings.Builder
	for i := range len(uri) {
		switch c := uri[i]; {
		case c == '/':
			name.WriteByte('_')
		case c <= ' ' || c >= 0x7f || strings.IndexByte(`%\|{}[]<>"^~_=!@#$%^&*`, c) >= 0:
			fmt.Fprintf(&name, "%%%02x", c)
		default:
			name.WriteByte(c)
		}
	}
	return name.String()
}

// repositoryLists are the lists of packages that apt has fetched from the repository.
type repositoryLists struct{ r AptRepository }

// ID implements Item.
func (l repositoryLists) ID() string { return "repository " + l.r.Name }

// Values of the fact about lists of packages.
const (
	fetched    = "fetched"
	incomplete = "incomplete"
	outdated   = "of an older configuration"
	foreign    = "of another file" // or of one by hand
)

// fetching stands for the configuration in the record of what is being fetched.
const fetching = "-"

func (l repositoryLists) fact() string { return l.ID() + ": package lists" }

// configuration is the digest of all that decides about what is fetched. A file beside the lists, which apt leaves alone, says of which they are.
// It is empty where the key or a package is not known.
func (l repositoryLists) configuration() string {
	if !l.r.Trusted && len(l.r.Keyring) == 0 {
		return ""
	}
	parts := [][]byte{l.r.sources(), l.r.Keyring, []byte(l.r.Proxy)}
	for _, name := range slices.Sorted(maps.Keys(l.r.Debs)) {
		if l.r.Debs[name] == nil {
			return ""
		}
		parts = append(parts, []byte(name), []byte(l.r.Debs[name].SHA256))
	}
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d\n", len(part))
		sum.Write(part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// folder is that whose packages apt needs a list of; empty: somebody else makes it.
func (l repositoryLists) folder() string {
	if len(l.r.Debs) == 0 {
		return ""
	}
	return l.r.Folder()
}

func (l repositoryLists) validate() error { return l.r.validate() }

func (l repositoryLists) want() Facts { return Facts{l.fact(): fetched} }

func (l repositoryLists) request(bool) request {
	return request{kind: "lists", args: append([]string{l.r.Name}, l.r.lists()...)}
}

func (l repositoryLists) observe(a answer) (Facts, error) {
	if a.failed != "" {
		return nil, fmt.Errorf("could not tell whether apt has its lists: %s", a.failed)
	}
	have, want := a.all("list"), l.r.lists()
	of, _, _ := strings.Cut(a.text("stamp"), "\n")
	interrupted := of == fetching
	configuration := l.configuration()
	value := fetched
	switch missing := slices.DeleteFunc(want, func(p string) bool { return slices.Contains(have, p) }); {
	case len(have) == 0 && (of == "" || interrupted):
		value = Absent
	case of == "":
		value = foreign
	case len(missing) > 0 || interrupted:
		value = incomplete
	case configuration != "" && of != configuration:
		value = outdated
	}
	return Facts{l.fact(): value}, nil
}

func (l repositoryLists) record(answer, *Before) error { return nil }

func (l repositoryLists) apply(ctx context.Context, e *engine, _ answer) error {
	return e.run(ctx, "apt-get update", repositoryScript, nil,
		append([]string{"update", l.r.Name, l.folder(), l.r.SourcesFile(), l.configuration()}, l.r.lists()...)...)
}

func (l repositoryLists) remove(ctx context.Context, e *engine, _ Before) error {
	return e.run(ctx, "remove its lists", repositoryScript, nil, "forget", l.r.Name, l.folder())
}

func (l repositoryLists) left(got Facts, _ Before) []string {
	if value := got[l.fact()]; value != Absent && value != foreign {
		return []string{l.fact() + " are still there"}
	}
	return nil
}
