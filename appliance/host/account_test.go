package host

import (
	"slices"
	"testing"
)

func TestAccountLife(t *testing.T) {
	l, desired := newLocal(t), Desired{Account{Name: "search"}}
	if got := probe(t, l, desired); got["user search"] != Absent || got["group search"] != Absent {
		t.Errorf("before there is %v", got)
	}
	first := apply(t, l, desired)
	want := []string{
		"groupadd --system -- search",
		"useradd --system --gid search --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin -- search",
	}
	if log := l.log(); !slices.Equal(log, want) {
		t.Errorf("to make it, the host did %q", log)
	}
	second := apply(t, l, desired)
	if log := l.log(); log != nil {
		t.Errorf("with nothing to do, the host did %q", log)
	}
	if first.Before.Accounts["search"].User || !second.Before.Accounts["search"].User {
		t.Errorf("Before: first %+v, second %+v", first.Before, second.Before)
	}
	remove(t, l, desired, second.Before) // it was there
	if log := l.log(); log != nil {
		t.Errorf("to remove what is not ours, the host did %q", log)
	}
	remove(t, l, desired, first.Before)
	if log := l.log(); !slices.Equal(log, []string{"userdel -- search"}) {
		t.Errorf("to remove it, the host did %q", log)
	}
	remove(t, l, desired, first.Before) // a package may have been faster
}

// TestAccountOfWhichThereIsHalf keeps that half.
func TestAccountOfWhichThereIsHalf(t *testing.T) {
	l, desired := newLocal(t), Desired{Account{Name: "search"}}
	l.write("state/group-search", "")
	before := apply(t, l, desired).Before
	if log := l.log(); len(log) != 1 {
		t.Errorf("to make the user alone, the host did %q", log)
	}
	l.write("state/group-search", "") // userdel's group is one that somebody else is in
	if got := before.Accounts["search"]; got.User || !got.Group {
		t.Errorf("Before: %+v", got)
	}
}

func TestAccountThatNobodyCanTellOf(t *testing.T) {
	l := newLocal(t)
	l.write("state/refuse", "")
	_, err := Probe(t.Context(), l, Desired{Account{Name: "search"}})
	wantError(t, err, "account search: could not tell whether it is there: getent group search ended with code 3")
	for _, name := range []string{"root", "0", "a b", ""} {
		if err := (Desired{Account{Name: name}}).Validate(); err == nil {
			t.Errorf("%q is taken for an account", name)
		}
	}
}

// TestAccountThatAPackageTakesAlong is made again where it was there before, as it was.
func TestAccountThatAPackageTakesAlong(t *testing.T) {
	l, account := newLocal(t), Account{Name: "search"}
	desired := Desired{account, account.OutlivesPackage()}
	l.write("state/group-search", "")
	l.write("state/passwd-search", "")
	before := apply(t, l, desired).Before
	remove(t, l, desired, before)
	if log := l.log(); log != nil {
		t.Errorf("of an account that is still there, the host did %q", log)
	}
	if err := l.shell("userdel search"); err != nil { // as the package does
		t.Fatal(err)
	}
	l.log()
	remove(t, l, desired, before)
	want := []string{
		"groupadd --system --gid 990 -- search",
		"useradd --system --uid 990 --gid search --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin -- search",
	}
	if log := l.log(); !slices.Equal(log, want) {
		t.Errorf("to make it again, the host did %q", log)
	}
}
