package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// UnitLimits watches that the limits of a drop-in are those that systemd gives the unit. It reads all drop-ins of a unit in the order of their names,
// whatever the folder, and of two assignments the later one counts (systemd.unit(5)). Each limit that another file takes over is a fact of its own,
// "unit NAME: LimitNOFILE: overridden by FILE" = what systemd has; when all is well there is none. Apply does not touch other people's files: it
// says which one it is.
type UnitLimits struct {
	Unit   string
	Path   string            // of the drop-in
	Limits map[string]string // that it makes, as it writes them: LimitNOFILE = 1024:64K
}

// ID implements Item.
func (l UnitLimits) ID() string { return "limits of " + l.Path }

func (l UnitLimits) validate() error { return errors.Join(ValidUnitName(l.Unit), ValidPath(l.Path)) }

func (l UnitLimits) want() Facts { return Facts{} }

func (l UnitLimits) request(bool) request {
	return request{kind: "limits", args: append([]string{l.Unit}, slices.Sorted(maps.Keys(l.Limits))...)}
}

// somethingElse overrides a limit where no drop-in does.
const somethingElse = "something else"

func (l UnitLimits) observe(a answer) (Facts, error) {
	if a.failed != "" {
		return nil, fmt.Errorf("could not tell what systemd makes of them: %s", a.failed)
	}
	shown := map[string]string{}
	for line := range strings.Lines(a.text("show")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		shown[name] = value
	}
	type assignment struct{ path, value string }
	last := map[string]assignment{}
	read := false // whether systemd has read our file as it is to be
	contents := a.all("content")
	for i, file := range a.all("path") {
		made := l.made(contents[i])
		if file == l.Path {
			read = maps.Equal(made, l.Limits) && shown["NeedDaemonReload"] == "no"
		}
		if path.Base(file) > path.Base(l.Path) {
			for name, value := range made {
				last[name] = assignment{file, value}
			}
		}
	}
	facts := Facts{}
	for name, value := range l.Limits {
		by, overridden := last[name]
		has := limit(by.value)
		switch soft, hard := shown[name+"Soft"], shown[name]; {
		case read && hard != "":
			has = limit(soft + ":" + hard)
		case !overridden:
			continue
		}
		if !overridden {
			by.path = somethingElse
		}
		if has != limit(value) {
			facts[(Unit{Name: l.Unit}).fact(name)+OverriddenBy+by.path] = has
		}
	}
	return facts, nil
}

// made are those of our limits that a drop-in makes.
func (l UnitLimits) made(content string) map[string]string {
	made := map[string]string{}
	for line := range strings.Lines(content) {
		name, value, _ := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); l.Limits[name] != "" {
			made[name] = strings.TrimSpace(value)
		}
	}
	return made
}

// limit is a value in one form, numbers in their unit: SOFT:HARD, or one of them where both are the same. What is no value stays as it is.
func limit(value string) string {
	if value == "" {
		return "the default" // an empty assignment takes back what there is
	}
	soft, hard, both := strings.Cut(value, ":")
	if !both {
		hard = soft
	}
	if soft, hard = amount(soft), amount(hard); soft == hard {
		return hard
	}
	return soft + ":" + hard
}

// amount is a number or infinity, which systemctl before systemd 236 shows as the largest number.
func amount(text string) string {
	digits := strings.TrimRight(text, "KMGTPE")
	number, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || len(text)-len(digits) > 1 {
		return text
	}
	if number == math.MaxUint64 {
		return "infinity"
	}
	if unit := text[len(digits):]; unit != "" {
		number <<= 10 * (strings.Index("KMGTPE", unit) + 1)
	}
	return strconv.FormatUint(number, 10)
}

func (l UnitLimits) record(answer, *Before) error { return nil }

func (l UnitLimits) apply(_ context.Context, _ *engine, a answer) error {
	facts, err := l.observe(a)
	if err != nil {
		return err
	}
	said := make([]string, 0, len(facts))
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		setting, file, _ := strings.Cut(strings.TrimPrefix(name, Unit{Name: l.Unit}.ID()+": "), OverriddenBy)
		said = append(said, fmt.Sprintf("%s is %s (%s)", setting, facts[name], file))
	}
	return fmt.Errorf("to systemd %s; take the line out of the drop-in that is read later, or remove it", strings.Join(said, ", "))
}

func (l UnitLimits) remove(context.Context, *engine, Before) error { return nil }

func (l UnitLimits) left(Facts, Before) []string { return nil }
