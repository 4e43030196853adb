package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// installed is a package that is in the image.
type installed struct {
	name, version, architecture string
	vendor                      string   // as package URLs name it; Debian when empty
	licences                    []string // as its copyright file names them
}

// inventory is what is in an image.
type inventory struct {
	packages []installed
	modules  []module // of the collector, which is one program
}

type module struct{ path, version string }

// readInventory reads a root file system: dpkg's status, the copyright file of each package, and what the collector was built of. Each package must
// have a copyright file: Debian's policy, section 12.5.
func readInventory(r io.Reader) (inventory, error) {
	var status []byte
	var inv inventory
	copyrights, links := map[string]string{}, map[string]string{}
	for in := tar.NewReader(r); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return inv, err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(header.Name, "./"), "/")
		document := strings.HasPrefix(name, "usr/share/doc/")
		switch {
		case document && header.Typeflag == tar.TypeSymlink:
			links[name] = path.Join(path.Dir(name), header.Linkname) //nolint:gosec // nothing is extracted
		case document && header.Typeflag == tar.TypeLink:
			links[name] = strings.TrimPrefix(header.Linkname, "./")
		case name == "var/lib/dpkg/status", name == "usr/bin/flowcollector", document && path.Base(name) == "copyright":
			content, err := io.ReadAll(in)
			if err != nil {
				return inv, err
			}
			switch path.Base(name) {
			case "status":
				status = content
			case "flowcollector":
				if inv.modules, err = modulesOf(content); err != nil {
					return inv, fmt.Errorf("%s: %w", name, err)
				}
			default:
				copyrights[name] = string(content)
			}
		}
	}
	var err error
	inv.packages, err = parseStatus(status)
	if err != nil {
		return inv, err
	}
	for i := range inv.packages {
		p := &inv.packages[i]
		text, there := copyrights[follow(links, "usr/share/doc/"+p.name+"/copyright")]
		if !there {
			return inv, fmt.Errorf("package %s has no copyright file", p.name)
		}
		p.licences = licences(text)
	}
	return inv, nil
}

// follow resolves links, of the file and of its folder.
func follow(links map[string]string, name string) string {
	for range 8 { // no chain of Debian's is as long
		if to, is := links[name]; is {
			name = to
		} else if to, is := links[path.Dir(name)]; is {
			name = path.Join(to, path.Base(name))
		} else {
			break
		}
	}
	return name
}

func modulesOf(program []byte) ([]module, error) {
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return nil, err
	}
	all := []module{{"std", strings.TrimPrefix(info.GoVersion, "go")}}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		all = append(all, module{dep.Path, dep.Version})
	}
	return all, nil
}

// parseStatus reads what dpkg has installed: deb822(5).
func parseStatus(status []byte) ([]installed, error) {
	var all []installed
	var p installed
	var state string
	lines := bufio.NewScanner(bytes.NewReader(status))
	lines.Buffer(nil, 1<<20)
	end := func() {
		if strings.HasSuffix(state, " installed") {
			all = append(all, p)
		}
		p, state = installed{}, ""
	}
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "":
			end()
		case "Package":
			p.name = value
		case "Version":
			p.version = value
		case "Architecture":
			p.architecture = value
		case "Status":
			state = value
		}
	}
	end()
	if len(all) == 0 {
		return nil, errors.New("dpkg has nothing installed there")
	}
	return all, lines.Err()
}

var (
	licenceField  = regexp.MustCompile(`(?m)^License: *(\S.*?) *$`)
	commonLicence = regexp.MustCompile(`/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9+])`)
)

// licences are those that a copyright file names: by its fields where it is machine-readable (DEP 5), else by the common licences that it refers to. One
// that does neither has its terms in the file alone.
func licences(copyright string) []string {
	var names []string
	for _, form := range []*regexp.Regexp{licenceField, commonLicence} {
		for _, m := range form.FindAllStringSubmatch(copyright, -1) {
			names = append(names, m[1])
		}
		if len(names) > 0 {
			slices.Sort(names)
			return slices.Compact(names)
		}
	}
	return []string{"in the package's copyright file"}
}

// cycloneDX is the inventory as an SBOM in CycloneDX 1.6, JSON.
func (i inventory) cycloneDX(s Spec) ([]byte, error) {
	type licence struct {
		License struct {
			Name string `json:"name"`
		} `json:"license"`
	}
	type component struct {
		Type     string    `json:"type"`
		Name     string    `json:"name"`
		Version  string    `json:"version"`
		PURL     string    `json:"purl,omitempty"`
		Licenses []licence `json:"licenses,omitempty"`
	}
	all := make([]component, 0, len(i.packages)+len(i.modules))
	for _, p := range i.packages {
		c := component{Type: "library", Name: p.name, Version: p.version, PURL: fmt.Sprintf("pkg:deb/debian/%s@%s?arch=%s&distro=%s", p.name, escapePURL(p.version), p.architecture, Suite)}
		if p.vendor != "" {
			c.PURL = fmt.Sprintf("pkg:deb/%s/%s@%s?arch=%s", p.vendor, p.name, escapePURL(p.version), p.architecture)
		}
		for _, name := range p.licences {
			var l licence
			l.License.Name = name
			c.Licenses = append(c.Licenses, l)
		}
		all = append(all, c)
	}
	for _, m := range i.modules {
		all = append(all, component{Type: "library", Name: m.path, Version: m.version, PURL: "pkg:golang/" + m.path + "@" + escapePURL(m.version)})
	}
	text, err := json.MarshalIndent(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
		"metadata": map[string]any{
			"timestamp": s.Epoch.UTC().Format(time.RFC3339),
			"component": component{Type: "operating-system", Name: "flowstack-appliance", Version: s.Version},
		},
		"components": all,
	}, "", "  ")
	return append(text, '\n'), err
}

// escapePURL escapes what a version may have in it and a package URL may not.
func escapePURL(version string) string {
	return strings.NewReplacer("%", "%25", "+", "%2B", ":", "%3A").Replace(version)
}
