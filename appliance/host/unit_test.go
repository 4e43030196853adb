package host

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// newUnit gives the stand-in systemctl a unit x.service with a unit file and a program.
func newUnit(t *testing.T) (l *local, program string) {
	t.Helper()
	l = newLocal(t)
	return l, l.addUnit("x.service")
}

func (l *local) addUnit(name string) (program string) {
	l.t.Helper()
	if err := os.MkdirAll(filepath.Join(l.root, "state", name), 0o755); err != nil {
		l.t.Fatal(err)
	}
	program = filepath.Join(l.root, "program")
	l.write("program", "")
	l.write(name, "")
	l.write("state/"+name+"/active", "inactive\n")
	l.write("state/"+name+"/enabled", "disabled\n")
	l.write("state/"+name+"/exec", program+"\n")
	l.write("state/"+name+"/fragment", filepath.Join(l.root, name)+"\n")
	return program
}

// touch changes a file for certain: the kernel's clock for files is coarser than that of processes.
func touch(t *testing.T, name string) {
	t.Helper()
	for before := changeTime(t, name); ; {
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
		if changeTime(t, name).After(before.Add(20 * time.Millisecond)) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestUnitLife(t *testing.T) {
	l, program := newUnit(t)
	folder := t.TempDir()
	settings := filepath.Join(folder, "settings")
	unit := Unit{Name: "x.service", Enabled: true, Active: true, Inputs: []string{settings, filepath.Join(folder, "absent")}, Clean: true}
	file := File{Path: settings, Content: []byte("1")}
	desired := mine(t, Desired{file, unit})
	if diff := cmp.Diff(Facts{
		"unit x.service: enabled": "disabled", "unit x.service: active": "inactive", "unit x.service: configuration": "not running",
	}, probe(t, l, Desired{unit})); diff != "" {
		t.Error(diff)
	}
	o := apply(t, l, desired)
	steps := func(want ...string) {
		t.Helper()
		if got := l.log(); !cmp.Equal(got, want) {
			t.Errorf("systemctl was asked %q, want %q", got, want)
		}
	}
	steps("systemctl enable -- x.service", "systemctl reset-failed -- x.service", "systemctl start -- x.service")
	if got := o.Before.Units["x.service"]; got != (UnitBefore{Existed: true, Enabled: "disabled", Active: "inactive"}) {
		t.Errorf("Before is %+v", got)
	}
	l.runs = 0
	apply(t, l, desired)
	steps()
	if l.runs != 1 {
		t.Errorf("%d round trips", l.runs)
	}

	// A change of a file by the apply itself: one restart.
	file.Content = []byte("2")
	desired = mine(t, Desired{file, unit})
	touch(t, settings)
	apply(t, l, desired)
	steps("systemctl restart -- x.service")

	// A change by hand of any input, the unit file or the program is seen and named.
	for _, name := range []string{settings, program, filepath.Join(l.root, "x.service")} {
		touch(t, name)
		want := []Change{{"unit x.service: configuration", "stale: " + name + " is newer", "current"}}
		if name == settings {
			want = append([]Change{{"file " + name + ": mode", "0644", "0600"}}, want...)
			file.Mode = 0o600
			desired = mine(t, Desired{file, unit})
		}
		if diff := cmp.Diff(want, probe(t, l, desired).Changes(desired.Facts())); diff != "" {
			t.Error(diff)
		}
		apply(t, l, desired)
		steps("systemctl restart -- x.service")
	}
	l.write("state/x.service/reload", "")
	if got := probe(t, l, desired)["unit x.service: configuration"]; got != "stale: its unit files changed and were not reloaded" {
		t.Errorf("with an unread unit file it is %q", got)
	}
	l.write("state/x.service/enabled", "masked\n")
	apply(t, l, desired)
	steps("systemctl daemon-reload", "systemctl unmask -- x.service", "systemctl enable -- x.service", "systemctl restart -- x.service")

	remove(t, l, desired, o.Before)
	steps("systemctl disable -- x.service", "systemctl stop -- x.service", "systemctl reset-failed -- x.service")
	if got := l.read("state/x.service/active") + l.read("state/x.service/enabled"); got != "inactive\ndisabled\n" {
		t.Errorf("after Remove it is %q", got)
	}
	remove(t, l, desired, Before{})
	steps("systemctl disable -- x.service", "systemctl stop -- x.service", "systemctl reset-failed -- x.service", "systemctl clean --what=all -- x.service")
}

// TestUnitFailedRestart: the apply after a restart that failed tries it again, though no file changed since.
func TestUnitFailedRestart(t *testing.T) {
	l, program := newUnit(t)
	desired := Desired{Unit{Name: "x.service", Enabled: true, Active: true}}
	apply(t, l, desired)
	touch(t, program)
	l.write("state/x.service/fails", "cannot listen on 0.0.0.0:2055: address already in use\n")
	_, err := Apply(t.Context(), l, desired)
	wantError(t, err, "unit x.service", "restart", "StatusText=cannot listen on 0.0.0.0:2055", "Result=exit-code", "bind: address already in use")
	l.log()
	_, err = Apply(t.Context(), l, desired)
	wantError(t, err, "unit x.service", "start")
	if err := os.Remove(filepath.Join(l.root, "state/x.service/fails")); err != nil {
		t.Fatal(err)
	}
	apply(t, l, desired)
}

// TestUnitRestless: what a timer does between two looks is no crash; a service that changes has not kept running.
func TestUnitRestless(t *testing.T) {
	l := newLocal(t)
	desired := func(name string) Desired {
		l.addUnit(name)
		l.write("state/"+name+"/restless", "")
		return Desired{Unit{Name: name, Active: true, AnyEnabled: true, Health: Health{StableFor: time.Second}}}
	}
	for _, name := range []string{"x.timer", "x.socket"} {
		apply(t, l, desired(name))
	}
	_, err := Apply(t.Context(), l, desired("x.service"))
	wantError(t, err, "x.service did not keep running for 1 s after its start")
}

func TestUnitStopped(t *testing.T) {
	l, _ := newUnit(t)
	apply(t, l, Desired{Unit{Name: "x.service", Enabled: true, Active: true}})
	o := apply(t, l, Desired{Unit{Name: "x.service"}})
	if want := (Facts{"unit x.service: enabled": "disabled", "unit x.service: active": "inactive"}); !cmp.Equal(o.Facts, want) {
		t.Errorf("facts %v", o.Facts)
	}
	l.log()
	remove(t, l, Desired{Unit{Name: "x.service"}}, o.Before) // it ran before
	if got := l.read("state/x.service/active") + l.read("state/x.service/enabled"); got != "active\nenabled\n" {
		t.Errorf("after Remove it is %q", got)
	}
}

func TestUnitMaskedBefore(t *testing.T) {
	l, _ := newUnit(t)
	l.write("state/x.service/enabled", "masked\n")
	desired := Desired{Unit{Name: "x.service", Enabled: true, Active: true}}
	o := apply(t, l, desired)
	remove(t, l, desired, o.Before)
	if got := l.read("state/x.service/active") + l.read("state/x.service/enabled"); got != "inactive\nmasked\n" {
		t.Errorf("after Remove it is %q", got)
	}
}

// TestUnitMaskGivenUp: a mask that is no longer wanted goes, also where nothing else of the unit is looked at, and what was there
// before comes back.
func TestUnitMaskGivenUp(t *testing.T) {
	l, _ := newUnit(t)
	enabled := func(want string) {
		t.Helper()
		if got := l.read("state/x.service/enabled"); got != want+"\n" {
			t.Errorf("it is %q, want %s", got, want)
		}
	}
	masked := Desired{Unit{Name: "x.service", Masked: true, Borrowed: true}}
	not := Desired{Unit{Name: "x.service", Unmasked: true, AnyEnabled: true, AnyActive: true, Borrowed: true}}
	o := apply(t, l, masked)
	if got := probe(t, l, not)["unit x.service: masked"]; got != "masked" {
		t.Errorf("the mask is %q", got)
	}
	remove(t, l, not, o.Before) // as if the apply in between had failed
	enabled("disabled")
	apply(t, l, masked)
	apply(t, l, not)
	enabled("disabled")

	for _, was := range []string{"masked", "masked-runtime"} {
		l.write("state/x.service/enabled", was+"\n")
		for _, desired := range []Desired{not, {Unit{Name: "x.service", Active: true, AnyEnabled: true, Borrowed: true}}, {Unit{Name: "x.service", Enabled: true, Borrowed: true}}, masked} {
			o = apply(t, l, desired)
			remove(t, l, desired, o.Before)
			enabled(was)
			remove(t, l, desired, o.Before)
			enabled(was)
		}
	}
	_, err := Apply(t.Context(), l, Desired{Unit{Name: "none.service", Unmasked: true, AnyEnabled: true, AnyActive: true}})
	wantError(t, err, "no such unit")
}

// TestUnitEnablements: whatever systemctl is-enabled says, an apply settles it.
func TestUnitEnablements(t *testing.T) {
	for was, want := range map[string][2]string{ // after Enabled: false, and after Enabled: true; empty: an error
		"disabled":        {"disabled", "enabled"},
		"enabled-runtime": {"disabled", "enabled"},
		"masked":          {"disabled", "enabled"},
		"masked-runtime":  {"disabled", "enabled"},
		"alias":           {"alias", ""},
		"linked":          {"linked", "enabled"},
		"static":          {"static", ""},
	} {
		for i, enable := range []bool{false, true} {
			l, _ := newUnit(t)
			l.write("state/x.service/enabled", was+"\n")
			desired := Desired{Unit{Name: "x.service", Enabled: enable}}
			if want[i] == "" {
				_, err := Apply(t.Context(), l, desired)
				wantError(t, err, "it cannot be enabled", was)
				continue
			}
			o := apply(t, l, desired)
			if got := l.read("state/x.service/enabled"); got != want[i]+"\n" {
				t.Errorf("%s is %q with Enabled %t, want %s", was, got, enable, want[i])
			}
			remove(t, l, desired, o.Before)
			if got := l.read("state/x.service/enabled"); got != was+"\n" && (was != "linked" || !enable) { // disable takes a link away, too
				t.Errorf("%s is %q after Remove", was, got)
			}
		}
	}
}

// TestUnitThatATimerStarts: whether it runs is not looked at, but what is gone does not run on.
func TestUnitThatATimerStarts(t *testing.T) {
	l, _ := newUnit(t)
	l.write("state/x.service/active", "activating\n")
	desired := Desired{Unit{Name: "x.service", AnyActive: true, AnyAge: true}}
	apply(t, l, desired)
	if log := l.log(); log != nil {
		t.Errorf("systemctl was asked %q", log)
	}
	remove(t, l, desired, Before{Units: map[string]UnitBefore{"x.service": {}}})
	if got := l.read("state/x.service/active"); got != "inactive\n" {
		t.Errorf("after Remove it is %q", got)
	}
	l.write("state/x.service/active", "activating\n")
	remove(t, l, desired, Before{Units: map[string]UnitBefore{"x.service": {Existed: true, Enabled: "disabled", Active: "inactive"}}})
	if got := l.read("state/x.service/active"); got != "activating\n" {
		t.Errorf("after Remove one that was there before is %q", got)
	}
}

func TestUnitProblems(t *testing.T) {
	l, _ := newUnit(t)
	absent := Desired{Unit{Name: "y.service", Enabled: true, Active: true}}
	for fact, value := range probe(t, l, absent) {
		if value != Absent {
			t.Errorf("%s is %q", fact, value)
		}
	}
	_, err := Apply(t.Context(), l, absent)
	wantError(t, err, "unit y.service", "no such unit")
	remove(t, l, absent, Before{})
	l.write("state/systemd-down", "")
	_, err = Probe(t.Context(), l, absent)
	wantError(t, err, "unit y.service", "could not tell", "Failed to connect to bus")
}

func TestUnitState(t *testing.T) {
	show := func(text string) answer {
		return answer{values: []value{{"show", []byte(text)}, {"enabled", []byte("enabled\n")}, {"changed", []byte("1764000000.000000001 /etc/x y")}}}
	}
	const running = "LoadState=loaded\nActiveState=active\nNeedDaemonReload=no\n"
	u := Unit{Name: "x.service", Active: true, Enabled: true}
	for started, want := range map[string]string{
		"ExecMainStartTimestamp=Mon 2025-11-24 16:00:00.000000 UTC\n": "stale: /etc/x y is newer", // one nanosecond
		"ExecMainStartTimestamp=Mon 2025-11-24 16:00:00.000001 UTC\n": "current",
		"InactiveExitTimestamp=Mon 2025-11-24 16:00:01.000000 UTC\n":  "current", // a socket has no main process
	} {
		facts, err := u.observe(show(running + started))
		if err != nil || facts["unit x.service: configuration"] != want {
			t.Errorf("%s: %v, %v", started, facts, err)
		}
	}
	for _, text := range []string{"", "LoadState=loaded\n", running + "ExecMainStartTimestamp=yesterday\n"} {
		if facts, err := u.observe(show(text)); err == nil {
			t.Errorf("%q reads as %v", text, facts)
		}
	}
}

// TestDropInRemoved: a unit that stays runs with a drop-in until it is restarted, though the file is gone and cannot be newer.
func TestDropInRemoved(t *testing.T) {
	l, _ := newUnit(t)
	folder := filepath.Join(t.TempDir(), "x.service.d")
	l.isUnitFile(t, folder)
	settings := filepath.Join(t.TempDir(), "settings")
	dropIn := mine(t, Desired{Directory{Path: folder}, File{Path: filepath.Join(folder, "a.conf"), Content: []byte("[Service]\n")}})
	unit := Unit{Name: "x.service", Enabled: true, Active: true, Inputs: []string{settings}}
	all := append(append(Desired{}, dropIn...), unit)
	o := apply(t, l, all)
	l.log()
	remove(t, l, all.Without(Desired{unit}), o.Before)
	if log := l.log(); len(log) != 0 {
		t.Errorf("systemctl was asked %q", log)
	}
	l.write("state/x.service/reload", "") // what systemd sees then
	apply(t, l, mine(t, Desired{File{Path: settings, Content: []byte("1")}, unit}))
	if want, got := []string{"systemctl daemon-reload", "systemctl restart -- x.service"}, l.log(); !cmp.Equal(got, want) {
		t.Errorf("systemctl was asked %q, want %q", got, want)
	}
	o = apply(t, l, all)
	if want, got := []string{"systemctl daemon-reload"}, l.log(); !cmp.Equal(got[:1], want) {
		t.Errorf("systemctl was asked %q, want %q", got, want)
	}
	remove(t, l, all, o.Before)
	if log := l.log(); log[len(log)-1] != "systemctl restart -- x.service" { // it ran before
		t.Errorf("systemctl was asked %q", log)
	}
}

// TestRemoveRestarts: a removal restarts a unit that somebody else looks after only for what it took away or put back itself.
func TestRemoveRestarts(t *testing.T) {
	l, _ := newUnit(t)
	folder := filepath.Join(t.TempDir(), "x.service.d")
	l.isUnitFile(t, folder)
	name := filepath.Join(folder, "a.conf")
	unit := Unit{Name: "x.service", AnyEnabled: true, AnyActive: true, Borrowed: true, Inputs: []string{name}}
	dropIn := func(content string, validate ...string) Desired {
		return mine(t, Desired{Directory{Path: folder, Shared: true}, File{Path: name, Content: []byte(content), Validate: validate}, unit})
	}
	apply(t, l, Desired{Unit{Name: "x.service", Active: true, AnyEnabled: true}})
	l.log()
	asked := func(what string, want ...string) {
		t.Helper()
		if got := slices.DeleteFunc(l.log(), func(s string) bool { return s == "systemctl daemon-reload" }); !slices.Equal(got, want) {
			t.Errorf("%s: systemctl was asked %q, want %q", what, got, want)
		}
	}
	const reset, restart, tryRestart = "systemctl reset-failed -- x.service", "systemctl restart -- x.service", "systemctl try-restart -- x.service"

	refused := dropIn("[Service]\n", "false")
	o, err := Apply(t.Context(), l, refused)
	wantError(t, err, "refused the content")
	remove(t, l, refused, o.Before)
	asked("a drop-in that never was")

	o = apply(t, l, dropIn("1"))
	asked("a new drop-in", reset, restart)
	refused = dropIn("2", "false")
	again, err := Apply(t.Context(), l, refused)
	wantError(t, err, "refused the content")
	remove(t, l, refused, again.Before)
	asked("a drop-in that was not replaced")

	touch(t, name)
	remove(t, l, Desired{unit}, o.Before)
	asked("a unit alone, though it is stale")
	remove(t, l, dropIn("1"), o.Before)
	asked("a drop-in that was there", reset, tryRestart)
	remove(t, l, dropIn("1"), o.Before)
	asked("a drop-in that is gone already")
	l.write("state/x.service/reload", "")
	remove(t, l, dropIn("1"), o.Before)
	asked("a drop-in whose removal was cut short", reset, tryRestart)

	o = apply(t, l, dropIn("3"))
	l.log()
	l.write("state/x.service/active", "failed\n")
	remove(t, l, dropIn("3"), o.Before)
	asked("a drop-in that the unit failed with", reset, restart)
}

// isUnitFile makes a folder of the test one of systemd's.
func (l *local) isUnitFile(t *testing.T, folder string) {
	t.Helper()
	unitFolders = append(unitFolders, folder+"/")
	t.Cleanup(func() { unitFolders = unitFolders[:len(unitFolders)-1] })
}
