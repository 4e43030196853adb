package host

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// AptRepository is a repository of Debian packages that a host's apt installs from.
type AptRepository struct {
	Name       string   // of its files
	URIs       []string // mirrors of one another; http, https or file
	Suites     []string // one that ends in / is a folder with packages, without components
	Components []string
	// Debs are the packages of a repository that is made on the host: file name → .deb, nil where only what is there is read. It has no
	// URIs, Suites and Components, and is Trusted, as the connection to the host is.
	Debs map[string]*Source
	// Architectures are those that packages are offered for; empty: the host's.
	Architectures []string
	// Trusted takes it as it is, unsigned.
	Trusted bool
	// Keyring has the keys that sign it, unless Trusted; only needed for an Apply.
	Keyring []byte
	// Proxy is the URL of what all requests to the hosts of URIs go through, or "DIRECT", past a proxy that the host has for others; empty: as the host has it.
	Proxy string
}

// KeyringFolder is where the keys of all repositories are.
const KeyringFolder = "/etc/apt/keyrings"

const sourcesFolder = "/etc/apt/sources.list.d"

// SourcesFile is the file that names the repository to apt.
func (r AptRepository) SourcesFile() string { return path.Join(sourcesFolder, r.Name+".sources") }

// KeyringFile is the file with its keys.
func (r AptRepository) KeyringFile() string { return path.Join(KeyringFolder, r.Name+".gpg") }

// ProxyFile is the file of apt's settings with its proxy.
func (r AptRepository) ProxyFile() string { return "/etc/apt/apt.conf.d/60-" + r.Name + ".conf" }

// Folder is where the packages of a repository are that is made on the host.
func (r AptRepository) Folder() string { return "/var/lib/apt/flowstack-" + r.Name }

const managedByFlowstack = "Managed by flowstack: a change by hand is undone by the next apply."

// Managed begins a file that is written, where # begins a comment.
const Managed = "# " + managedByFlowstack + "\n"

// Desired is the state of a host that has the repository and has read its lists of packages. It is refused, before anything is
// changed, on a host that has the repository by another file already.
func (r AptRepository) Desired() Desired {
	if len(r.Debs) > 0 {
		r.URIs, r.Suites, r.Components, r.Trusted = []string{"file:" + r.Folder()}, []string{"./"}, nil, true
	}
	list := Desired{repositoryOthers{r}}
	if len(r.Debs) > 0 {
		list = append(list, Directory{Path: r.Folder()})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Debs)) {
		list = append(list, File{Path: path.Join(r.Folder(), name), Source: r.Debs[name]})
	}
	if !r.Trusted {
		list = append(list,
			Directory{Path: KeyringFolder, Shared: true},
			File{Path: r.KeyringFile(), Content: r.Keyring, Format: keyringFormat{}})
	}
	if r.Proxy != "" {
		list = append(list, File{Path: r.ProxyFile(), Content: r.proxySettings(), Format: aptSettingsFormat{}})
	}
	return append(list, File{Path: r.SourcesFile(), Content: r.sources(), Format: sourcesFormat{}}, repositoryLists{r})
}

var (
	repositoryName   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	repositoryWord   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+~/:-]*$`)
	suiteWord        = regexp.MustCompile(`^(/|(\./|[A-Za-z0-9])[A-Za-z0-9._+~/:-]*)$`)
	debFile          = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+~%:-]*\.deb$`)
	architectureName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
)

// RepositoryURI tells what is wrong with the URI of a repository.
func RepositoryURI(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a URI", withoutPassword(text))
	case u.User != nil:
		return errors.New("everybody on the host could read the password in it; put it into a file of /etc/apt/auth.conf.d there instead")
	case strings.ContainsAny(text, " \t\n\"'[]{}|\\^`<>") || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q has what a URI of a repository cannot have", text)
	case u.Scheme == "file":
		if u.Host != "" || !path.IsAbs(u.Path) {
			return fmt.Errorf("%q is not a folder of the host: file:/srv/packages", text)
		}
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%q is not an http, https or file URI", text)
	case u.Host == "":
		return fmt.Errorf("%q names no host", text)
	}
	return nil
}

// RepositoryProxy tells what is wrong with the proxy of a repository.
func RepositoryProxy(text string) error {
	if text == "DIRECT" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a URL", withoutPassword(text))
	case u.User != nil:
		return errors.New("everybody on the host could read the password in it; put it into a file of /etc/apt/auth.conf.d there instead")
	case !slices.Contains([]string{"http", "https", "socks5h"}, u.Scheme) || u.Host == "" || strings.ContainsAny(text, " \t\n\"\\;"):
		return fmt.Errorf("%q is not the URL of a proxy: http://proxy.example:3128, or DIRECT", text)
	}
	return nil
}

// DebFile tells what is wrong with the name of a file of Debs.
func DebFile(name string) error {
	if !debFile.MatchString(name) {
		return fmt.Errorf("%q is not a name for a package's file: letters, digits and ._+~%%:-, and .deb in the end", name)
	}
	return nil
}

// withoutPassword is a text that was meant to be a URL, to show to people.
func withoutPassword(text string) string {
	if at := strings.LastIndex(text, "@"); at >= 0 {
		return "…" + text[at:]
	}
	return text
}

func (r AptRepository) validate() error {
	var errs []error
	if !repositoryName.MatchString(r.Name) {
		errs = append(errs, fmt.Errorf("%q is not a name for a file", r.Name))
	}
	for _, uri := range r.URIs {
		errs = append(errs, RepositoryURI(uri))
	}
	for name := range r.Debs {
		errs = append(errs, DebFile(name))
	}
	if r.Proxy != "" {
		errs = append(errs, RepositoryProxy(r.Proxy))
	}
	for _, words := range []struct {
		what    string
		words   []string
		pattern *regexp.Regexp
	}{{"suite", r.Suites, suiteWord}, {"component", r.Components, repositoryWord}, {"architecture", r.Architectures, architectureName}} {
		for _, word := range words.words {
			if !words.pattern.MatchString(word) {
				errs = append(errs, fmt.Errorf("%q is not the name of a %s", word, words.what))
			}
		}
	}
	for _, suite := range r.Suites {
		if folder := strings.HasSuffix(suite, "/"); folder != (len(r.Components) == 0) {
			errs = append(errs, fmt.Errorf("suite %q: a folder, ending in /, has no components; any other suite has", suite))
		}
	}
	return errors.Join(errs...)
}

// sources is the file in the form of sources.list(5) that apt calls deb822.
func (r AptRepository) sources() []byte {
	var out bytes.Buffer
	out.WriteString(Managed)
	for _, field := range []struct {
		name   string
		values []string
	}{
		{"Types", []string{"deb"}},
		{"URIs", r.URIs},
		{"Suites", r.Suites},
		{"Components", r.Components},
		{"Architectures", r.Architectures},
	} {
		if len(field.values) > 0 {
			out.WriteString(field.name + ": " + strings.Join(field.values, " ") + "\n")
		}
	}
	if r.Trusted {
		out.WriteString("Trusted: yes\n")
	} else {
		out.WriteString("Signed-By: " + r.KeyringFile() + "\n")
	}
	return out.Bytes()
}

func (r AptRepository) proxySettings() []byte {
	var out bytes.Buffer
	out.WriteString("// " + managedByFlowstack + "\n")
	written := map[string]bool{}
	for _, uri := range r.URIs {
		u, err := url.Parse(uri)
		if err != nil || u.Host == "" {
			continue // validate refuses the one, the other is a folder
		}
		setting := "Acquire::" + u.Scheme + "::Proxy::" + u.Hostname()
		if !written[setting] {
			written[setting] = true
			fmt.Fprintf(&out, "%s %q;\n", setting, r.Proxy)
		}
	}
	return out.Bytes()
}
