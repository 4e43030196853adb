package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Package is a Debian package installed from bytes at hand: the host needs no network. Configuration files that were changed
// on the host are kept. Remove purges it, unless it was installed before.
type Package struct {
	Name    string
	Version string            // as dpkg shows it
	Debs    map[string][]byte // Debian architecture (or "all") → .deb file; only needed where Apply has to install
	// AllowDowngrade lets an installed higher version be replaced.
	AllowDowngrade bool
}

// ID implements Item.
func (p Package) ID() string { return "package " + p.Name }

var (
	packageName    = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)
	packageVersion = regexp.MustCompile(`^([0-9]+:)?[0-9A-Za-z][0-9A-Za-z.+~-]*$`)
)

func (p Package) validate() error {
	if !packageName.MatchString(p.Name) {
		return fmt.Errorf("%q is not a package name", p.Name)
	}
	if !packageVersion.MatchString(p.Version) {
		return fmt.Errorf("%q is not a package version", p.Version)
	}
	return nil
}

func (p Package) want() Facts { return Facts{p.ID(): p.Version} }

func (p Package) request(bool) request { return request{kind: "package", args: []string{p.Name}} }

// state gives dpkg's status and version; status is empty when dpkg does not know the package.
func (p Package) state(a answer) (status, version string, err error) {
	if a.failed != "" {
		return "", "", fmt.Errorf("could not tell whether it is installed: %s", a.failed)
	}
	if a.absent() {
		return "", "", nil
	}
	for line := range strings.Lines(a.text("status")) { // one line an architecture; the last one counts least
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if status == "" || fields[0] == "installed" {
			status, version = fields[0], strings.Join(fields[1:], " ")
		}
	}
	if status == "" {
		return "", "", fmt.Errorf("dpkg-query answered %q", a.text("status"))
	}
	if status == "not-installed" {
		return "", "", nil
	}
	return status, version, nil
}

func (p Package) observe(a answer) (Facts, error) {
	status, version, err := p.state(a)
	if err != nil {
		return nil, err
	}
	value := version
	switch status {
	case "installed":
	case "":
		value = Absent
	case "config-files":
		value = Absent + " (its configuration files remain)"
	default:
		value = version + " (" + status + ")"
	}
	return Facts{p.ID(): value}, nil
}

func (p Package) record(a answer, b *Before) error {
	status, version, err := p.state(a)
	if err != nil {
		return err
	}
	before := PackageBefore{Installed: status != "" && status != "config-files"}
	if before.Installed {
		before.Version = version
	}
	put(&b.Packages, p.Name, before)
	return nil
}

func (p Package) deb(architecture string) ([]byte, error) {
	for _, name := range []string{architecture, "all"} {
		if deb := p.Debs[name]; len(deb) > 0 {
			return deb, nil
		}
	}
	if architecture == "" {
		architecture = "unknown"
	}
	if len(p.Debs) == 0 {
		return nil, errors.New("no package file was given")
	}
	return nil, fmt.Errorf("no package for architecture %s (there is %s)", architecture, strings.Join(slices.Sorted(maps.Keys(p.Debs)), ", "))
}

func (p Package) apply(ctx context.Context, e *engine, _ answer) error {
	deb, err := p.deb(e.system.Architecture)
	if err != nil {
		return err
	}
	downgrade := "no"
	if p.AllowDowngrade {
		downgrade = "yes"
	}
	sum := sha256.Sum256(deb)
	e.unitFilesChanged = true
	return e.run(ctx, "install "+p.Version, packageScript, deb, "install", p.Name, strconv.Itoa(len(deb)), hex.EncodeToString(sum[:]), downgrade)
}

func (p Package) remove(ctx context.Context, e *engine, b Before) error {
	if b.Packages[p.Name].Installed {
		return nil
	}
	e.unitFilesChanged = true
	return e.run(ctx, "purge", packageScript, nil, "purge", p.Name)
}

func (p Package) left(got Facts, b Before) []string {
	if installed := b.Packages[p.Name].Installed; !installed && got[p.ID()] != Absent {
		return []string{p.ID() + " is still there: " + got[p.ID()]}
	}
	return nil
}
