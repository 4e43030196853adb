package host

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Unit is the state of a systemd unit; its files and drop-ins are Files. A running unit is stale when it started before one of
// its inputs, its unit files or its program last changed: then it is restarted. That is read from the host each time, so a
// restart that failed is tried again by the next Apply, an edit by hand is noticed, and many changed files cost one restart.
type Unit struct {
	Name    string   // with its type: flowcollector.service
	Enabled bool     // starts at boot
	Active  bool     // runs now
	Inputs  []string // absolute paths of the files it reads at its start
	// Clean lets Remove delete the unit's state, cache, log and runtime directories (systemctl clean), unless the unit was
	// there before.
	Clean bool
}

// ID implements Item.
func (u Unit) ID() string { return "unit " + u.Name }

var unitName = regexp.MustCompile(`^[A-Za-z0-9:_.@\\-]{1,240}\.(service|socket|timer|target|path|mount|automount|swap|slice)$`)

func (u Unit) validate() error {
	if !unitName.MatchString(u.Name) || strings.HasPrefix(u.Name, "-") {
		return fmt.Errorf("%q is not the name of a unit", u.Name)
	}
	var errs []error
	for _, input := range u.Inputs {
		errs = append(errs, ValidPath(input))
	}
	return errors.Join(errs...)
}

func (u Unit) fact(name string) string { return u.ID() + ": " + name }

// current is the value of the fact "unit NAME: configuration" when the unit runs with what is on disk.
const current = "current"

func (u Unit) want() Facts {
	facts := Facts{u.fact("enabled"): "disabled", u.fact("active"): "inactive"}
	if u.Enabled {
		facts[u.fact("enabled")] = "enabled"
	}
	if u.Active {
		facts[u.fact("active")] = "active"
		facts[u.fact("configuration")] = current
	}
	return facts
}

func (u Unit) request(bool) request {
	return request{kind: "unit", args: append([]string{u.Name}, u.Inputs...)}
}

// unitState is what systemd and the files say of a unit.
type unitState struct {
	exists     bool
	enabled    string
	active     string
	needReload bool
	started    time.Time // zero: not running
	newest     time.Time // change time of the newest input
	newestPath string
}

// timestampLayout is systemctl's --timestamp=us+utc.
const timestampLayout = "Mon 2006-01-02 15:04:05.000000 MST"

func (u Unit) state(a answer) (unitState, error) {
	if a.failed != "" {
		return unitState{}, fmt.Errorf("could not tell its state: %s", a.failed)
	}
	properties := map[string]string{}
	for line := range strings.Lines(a.text("show")) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			properties[name] = value
		}
	}
	if properties["LoadState"] == "" || properties["ActiveState"] == "" {
		return unitState{}, fmt.Errorf("systemctl show answered %q", a.text("show"))
	}
	s := unitState{
		exists:     properties["LoadState"] != "not-found",
		enabled:    a.line("enabled"),
		active:     properties["ActiveState"],
		needReload: properties["NeedDaemonReload"] == "yes",
	}
	if s.enabled == "" {
		s.enabled = properties["UnitFileState"]
	}
	for _, property := range []string{"ExecMainStartTimestamp", "InactiveExitTimestamp"} {
		text := properties[property]
		if text == "" || text == "n/a" || text == "0" {
			continue
		}
		started, err := time.Parse(timestampLayout, text)
		if err != nil {
			return unitState{}, fmt.Errorf("%s: %w", property, err)
		}
		s.started = started
		break
	}
	for _, line := range a.all("changed") {
		text, name, _ := strings.Cut(line, " ")
		changed, err := parseChangeTime(text)
		if err != nil {
			return unitState{}, fmt.Errorf("change time of %s: %w", name, err)
		}
		if changed.After(s.newest) {
			s.newest, s.newestPath = changed, name
		}
	}
	return s, nil
}

// parseChangeTime reads stat's %.9Z: seconds since the epoch with nine decimals.
func parseChangeTime(text string) (time.Time, error) {
	whole, fraction, ok := strings.Cut(text, ".")
	if !ok || len(fraction) != 9 {
		return time.Time{}, fmt.Errorf("%q is not a time with nanoseconds", text)
	}
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	nanoseconds, err := strconv.ParseInt(fraction, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(seconds, nanoseconds), nil
}

// configuration is the value of the fact of this name.
func (s unitState) configuration() string {
	switch {
	case s.active != "active" && s.active != "reloading":
		return "not running"
	case s.needReload:
		return "stale: its unit files changed and were not reloaded"
	case s.newest.After(s.started):
		return "stale: " + s.newestPath + " is newer"
	}
	return current
}

func (u Unit) observe(a answer) (Facts, error) {
	s, err := u.state(a)
	if err != nil {
		return nil, err
	}
	facts := Facts{}
	for name := range u.want() {
		facts[name] = Absent
	}
	if !s.exists && s.active == "inactive" {
		return facts, nil
	}
	facts[u.fact("enabled")] = s.enabled
	facts[u.fact("active")] = s.active
	if u.Active {
		facts[u.fact("configuration")] = s.configuration()
	}
	return facts, nil
}

func (u Unit) record(a answer, b *Before) error {
	s, err := u.state(a)
	if err != nil {
		return err
	}
	before := UnitBefore{Existed: s.exists}
	if s.exists {
		before.Enabled, before.Active = s.enabled, s.active
	}
	put(&b.Units, u.Name, before)
	return nil
}

func (u Unit) apply(ctx context.Context, e *engine, a answer) error {
	s, err := u.state(a)
	if err != nil {
		return err
	}
	if !s.exists && (u.Active || u.Enabled) {
		return errors.New("the host has no such unit")
	}
	var steps []string
	switch {
	case u.Enabled && strings.HasPrefix(s.enabled, "masked"):
		steps = append(steps, "unmask", "enable")
	case u.Enabled && s.enabled != "enabled":
		steps = append(steps, "enable")
	case !u.Enabled && strings.HasPrefix(s.enabled, "enabled"):
		steps = append(steps, "disable")
	}
	switch {
	case u.Active && s.active != "active":
		steps = append(steps, "reset-failed", "start")
	case u.Active && (s.configuration() != current || e.unread[u.Name]):
		steps = append(steps, "restart")
	case !u.Active && s.active != "inactive":
		steps = append(steps, "stop", "reset-failed")
	}
	if len(steps) == 0 {
		return nil
	}
	return e.run(ctx, steps[len(steps)-1], unitScript, nil, append([]string{u.Name}, steps...)...)
}

func (u Unit) remove(ctx context.Context, e *engine, b Before) error {
	before := b.Units[u.Name]
	var steps []string
	if before.Enabled != "enabled" {
		steps = append(steps, "disable")
	}
	if before.Active != "active" {
		steps = append(steps, "stop", "reset-failed")
	}
	if u.Clean && !before.Existed {
		steps = append(steps, "clean")
	}
	if len(steps) == 0 {
		return nil
	}
	return e.run(ctx, "stop", unitScript, nil, append([]string{u.Name}, steps...)...)
}

// restore starts a unit again that ran before, with the files that are back in their place.
func (u Unit) restore(ctx context.Context, e *engine, b Before) error {
	before := b.Units[u.Name]
	var steps []string
	switch before.Enabled {
	case "enabled":
		steps = append(steps, "enable")
	case "masked":
		steps = append(steps, "mask")
	}
	if before.Active == "active" {
		steps = append(steps, "reset-failed", "restart")
	}
	if len(steps) == 0 {
		return nil
	}
	return e.run(ctx, "restore", unitScript, nil, append([]string{u.Name}, steps...)...)
}

func (u Unit) left(got Facts, b Before) []string {
	before, active, enabled := b.Units[u.Name], got[u.fact("active")], got[u.fact("enabled")]
	switch was := before.Active; {
	case was == "active" && active != "active":
		return []string{fmt.Sprintf("%s is %s and was active before", u.ID(), active)}
	case was != "active" && active != Absent && active != "inactive":
		return []string{u.ID() + " is still " + active}
	case (before.Enabled == "enabled" || before.Enabled == "masked") && enabled != before.Enabled:
		return []string{fmt.Sprintf("%s is %s and was %s before", u.ID(), enabled, before.Enabled)}
	}
	return nil
}
