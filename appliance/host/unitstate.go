package host

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// unitState is what systemd and the files say of a unit.
type unitState struct {
	exists     bool
	enabled    string
	active     string
	needReload bool
	sub        string
	started    time.Time // zero: not running
	newest     time.Time // change time of the newest input
	newestPath string
	listening  string // what the host says of Health.Port: listening or closed
	properties map[string]string
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
		sub:        properties["SubState"],
		listening:  a.line("port"),
		properties: properties,
	}
	if s.enabled == "" {
		s.enabled = properties["UnitFileState"]
	}
	if s.enabled == "not-found" {
		s.enabled = Absent
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
	if !s.runs() {
		return "not running"
	}
	return s.age()
}

func (s unitState) runs() bool { return s.active == "active" || s.active == "reloading" }

// broken tells whether the unit should run, as far as systemd knows, and does not: it failed, or is about to be started once more.
func (s unitState) broken() bool { return s.active == "failed" || s.sub == "auto-restart" }

// masked tells whether nobody can start the unit, until the next boot at least.
func (s unitState) masked() bool { return strings.HasPrefix(s.enabled, "masked") }

// stale tells whether a unit runs with other things than what is on disk.
func (s unitState) stale() bool { return s.runs() && s.age() != current }

// age tells whether a unit that runs does so with what is on disk.
func (s unitState) age() string {
	switch {
	case s.needReload:
		return "stale: its unit files changed and were not reloaded"
	case s.newest.After(s.started):
		return "stale: " + s.newestPath + " is newer"
	}
	return current
}
