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

// Package is a Debian package, installed from bytes at hand (the host needs no network) or from the repositories that the host's apt knows.
// Configuration files that were changed on the host are kept. Remove purges it, unless it was installed before, or its configuration
// files were there: these stay. What it alone needed of the repositories goes with it, by the same rule.
type Package struct {
	Name string
	// Version is as dpkg shows it. FromApt, it may end in *, for any version that begins so, or be empty, for any at all; of
	// several, apt takes the highest.
	Version string
	Debs    map[string][]byte // Debian architecture (or "all") → .deb file; only needed where Apply has to install
	FromApt bool              // instead of from Debs
	// Recommends installs what the package recommends, too, if FromApt.
	Recommends bool
	// AllowDowngrade lets an installed higher version be replaced.
	AllowDowngrade bool
	// Hold says whether apt has to leave the package at its version, whoever runs it; Apply itself does not mind. Nil: it is not looked at.
	Hold *bool
}

// ID implements Item.
func (p Package) ID() string { return "package " + p.Name }

// HoldFact names the fact whether the package is held: yes or no.
func (p Package) HoldFact() string { return p.ID() + ": hold" }

var (
	packageName    = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)
	packageVersion = regexp.MustCompile(`^([0-9]+:)?[0-9A-Za-z][0-9A-Za-z.+~-]*$`)
)

func (p Package) validate() error {
	if !packageName.MatchString(p.Name) {
		return fmt.Errorf("%q is not a package name: two or more lower-case letters, digits, +, - and ., the first a letter or digit", p.Name)
	}
	version := p.Version
	if p.FromApt {
		version = strings.TrimSuffix(version, "*")
		if version == "" {
			return nil
		}
	}
	if !packageVersion.MatchString(version) {
		return fmt.Errorf("%q is not a package version", p.Version)
	}
	return nil
}

// open tells whether several versions satisfy.
func (p Package) open() bool { return p.Version == "" || strings.HasSuffix(p.Version, "*") }

// satisfied tells whether an installed version is one of those asked for.
func (p Package) satisfied(version string) bool {
	if prefix, ok := strings.CutSuffix(p.Version, "*"); ok || p.Version == "" {
		return strings.HasPrefix(version, prefix)
	}
	return version == p.Version
}

// settled implements settler.
func (p Package) settled(got Facts) Item {
	version := got.value(p.ID())
	if p.open() && version != Absent && packageVersion.MatchString(version) && p.satisfied(version) {
		p.Version = version
	}
	return p
}

func (p Package) want() Facts {
	version := p.Version
	if p.open() {
		version = openMark + strings.TrimSuffix(version, "*") + "*"
	}
	facts := Facts{p.ID(): version}
	if p.Hold != nil {
		facts[p.HoldFact()] = yesNo(*p.Hold)
	}
	return facts
}

func (p Package) request(previous bool) request {
	args := []string{p.Name}
	if previous && p.FromApt {
		args = append(args, "others")
	}
	return request{kind: "package", args: args}
}

// packageState is what dpkg says of a package; status is empty when dpkg does not know it.
type packageState struct {
	status, version string
	held            bool
}

func (s packageState) installed() bool { return s.status != "" && s.status != configFiles }

// configFiles is the status of a package that was removed and not purged, configFilesOnly the fact of it.
const (
	configFiles     = "config-files"
	configFilesOnly = Absent + " (its configuration files remain)"
)

func (p Package) state(a answer) (packageState, error) {
	if a.failed != "" {
		return packageState{}, fmt.Errorf("could not tell whether it is installed: %s", a.failed)
	}
	if a.absent() {
		return packageState{}, nil
	}
	var s packageState
	for line := range strings.Lines(a.text("status")) { // one line an architecture; the last one counts least
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if s.status == "" || fields[0] == "installed" {
			s = packageState{status: fields[0], held: fields[1] == "hold", version: strings.Join(fields[2:], " ")}
		}
	}
	if s.status == "" {
		return packageState{}, fmt.Errorf("dpkg-query answered %q", a.text("status"))
	}
	if s.status == "not-installed" {
		return packageState{}, nil
	}
	return s, nil
}

func (p Package) observe(a answer) (Facts, error) {
	s, err := p.state(a)
	if err != nil {
		return nil, err
	}
	value := s.version
	switch s.status {
	case "installed":
	case "":
		value = Absent
	case configFiles:
		value = configFilesOnly
	default:
		value = s.version + " (" + s.status + ")"
	}
	facts := Facts{p.ID(): value}
	if p.Hold != nil {
		facts[p.HoldFact()] = Absent
		if s.installed() {
			facts[p.HoldFact()] = yesNo(s.held)
		}
	}
	return facts, nil
}

func (p Package) record(a answer, b *Before) error {
	s, err := p.state(a)
	if err != nil {
		return err
	}
	before := PackageBefore{Installed: s.installed(), ConfigFiles: s.status == configFiles}
	if before.Installed {
		before.Version, before.Held = s.version, s.held
	}
	if removed := strings.Fields(a.text("removed")); len(removed) > 0 {
		before.Removed = removed
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

func (p Package) apply(ctx context.Context, e *engine, a answer) error {
	s, err := p.state(a)
	if err != nil {
		return err
	}
	hold := "keep"
	if p.Hold != nil {
		hold = yesNo(*p.Hold)
	}
	if s.status == "installed" && p.satisfied(s.version) {
		return e.packages(ctx, "hold: "+hold, nil, "hold", p.Name, hold)
	}
	if p.FromApt {
		e.unitFilesChanged = true
		return e.packages(ctx, strings.TrimSpace("install "+p.Version), nil,
			"fetch", p.Name, p.Version, yesNo(p.AllowDowngrade), yesNo(p.Recommends), hold)
	}
	deb, err := p.deb(e.system.Architecture)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(deb)
	e.unitFilesChanged = true
	return e.packages(ctx, "install "+p.Version, deb,
		"install", p.Name, strconv.Itoa(len(deb)), hex.EncodeToString(sum[:]), yesNo(p.AllowDowngrade), hold)
}

func (p Package) remove(ctx context.Context, e *engine, b Before) error {
	before := b.Packages[p.Name]
	if before.Installed {
		if p.Hold == nil {
			return nil
		}
		return e.packages(ctx, "put back the hold", nil, "hold", p.Name, yesNo(before.Held))
	}
	e.unitFilesChanged = true
	verb := "purge"
	if before.ConfigFiles {
		verb = "remove"
	}
	return e.packages(ctx, verb, nil, append([]string{verb, p.Name, yesNo(p.FromApt)}, before.Removed...)...)
}

func (p Package) left(got Facts, b Before) []string {
	before := b.Packages[p.Name]
	gone := got[p.ID()] == Absent || before.ConfigFiles && got[p.ID()] == configFilesOnly
	if !before.Installed && !gone {
		return []string{p.ID() + " is still there: " + got[p.ID()]}
	}
	if hold := got[p.HoldFact()]; before.Installed && p.Hold != nil && hold != Absent && hold != yesNo(before.Held) {
		return []string{p.HoldFact() + " is " + hold + " and was " + yesNo(before.Held) + " before"}
	}
	return nil
}
