package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// together is a host that several are at work on; the first commands of all come before any other.
type together struct {
	*local
	mu        sync.Mutex
	gathering Gathering
	first     sync.WaitGroup
}

func (h *together) Gathering() *Gathering { return &h.gathering }

// one is one of those at work.
type one struct {
	*together
	came bool
}

func (o *one) Run(ctx context.Context, command ssh.Command) (ssh.Result, error) {
	if !o.came {
		o.came = true
		o.first.Done()
		o.first.Wait()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.local.Run(ctx, command)
}

// TestGathering: three who change the files of a running unit restart it once, and once more when they take them away.
func TestGathering(t *testing.T) {
	l, _ := newUnit(t)
	apply(t, l, Desired{Unit{Name: "x.service", Active: true, AnyEnabled: true}})
	l.log()
	h := &together{local: l}
	all := make([]Desired, 3)
	for i := range all {
		input := filepath.Join(t.TempDir(), "input")
		all[i] = mine(t, Desired{
			File{Path: input, Content: []byte("1")},
			Unit{Name: "x.service", Inputs: []string{input}, AnyEnabled: true, AnyActive: true, Borrowed: true},
		})
	}
	each := func(do func(r Runner, i int) error) {
		t.Helper()
		var done sync.WaitGroup
		h.first.Add(len(all))
		errs := make([]error, len(all))
		for i := range all {
			done.Go(func() { errs[i] = do(&one{together: h}, i) })
		}
		done.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	before := make([]Before, len(all))
	each(func(r Runner, i int) error {
		o, err := Apply(t.Context(), r, all[i])
		before[i] = o.Before
		return err
	})
	if got, want := l.log(), []string{"systemctl reset-failed -- x.service", "systemctl restart -- x.service"}; !cmp.Equal(got, want) {
		t.Errorf("systemctl was asked %q, want %q", got, want)
	}
	each(func(r Runner, i int) error { return Remove(t.Context(), r, all[i], before[i]) })
	if got, want := l.log(), []string{"systemctl reset-failed -- x.service", "systemctl try-restart -- x.service"}; !cmp.Equal(got, want) {
		t.Errorf("systemctl was asked %q, want %q", got, want)
	}
	if n := len(h.gathering.units); n != 0 {
		t.Errorf("%d units are still remembered", n)
	}
}

// TestGatheringEndsWithContext: whoever waits for another does so no longer than he may.
func TestGatheringEndsWithContext(t *testing.T) {
	h := &together{}
	desired := Desired{Unit{Name: "x.service"}}
	writes, err := enter(t.Context(), &one{together: h}, desired)
	if err != nil {
		t.Fatal(err)
	}
	waits, err := enter(t.Context(), &one{together: h}, desired)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := waits.begin(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for one who writes: %v", err)
	}
	waits.leave()
	if err := writes.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := enter(ended, &one{together: h}, desired); !errors.Is(err, context.Canceled) {
		t.Errorf("coming while one looks after the unit: %v", err)
	}
	writes.leave()
	if _, err := enter(t.Context(), &one{together: h}, desired); err != nil {
		t.Error(err)
	}
}

func TestUnitMasked(t *testing.T) {
	l, _ := newUnit(t)
	apply(t, l, Desired{Unit{Name: "x.service", Enabled: true, Active: true}})
	l.log()
	masked := Desired{Unit{Name: "x.service", Masked: true, Borrowed: true}}
	o := apply(t, l, masked)
	if got, want := l.log(), []string{"systemctl stop -- x.service", "systemctl reset-failed -- x.service", "systemctl mask -- x.service"}; !cmp.Equal(got, want) {
		t.Errorf("systemctl was asked %q, want %q", got, want)
	}
	if want := (Facts{"unit x.service: enabled": "masked", "unit x.service: active": "inactive"}); !cmp.Equal(o.Facts, want) {
		t.Errorf("facts %v", o.Facts)
	}
	remove(t, l, masked, o.Before)
	if got := l.read("state/x.service/active") + l.read("state/x.service/enabled"); got != "active\nenabled\n" {
		t.Errorf("after Remove it is %q", got)
	}
}

// TestUnitBorrowed: without a record, as after an import, a unit of somebody else's stays as it is.
func TestUnitBorrowed(t *testing.T) {
	l, _ := newUnit(t)
	desired := Desired{Unit{Name: "x.service", Enabled: true, Active: true, Borrowed: true}}
	apply(t, l, desired)
	l.log()
	remove(t, l, desired, Before{})
	if log := l.log(); log != nil {
		t.Errorf("systemctl was asked %q", log)
	}
}

// TestUnitAnyActive: a unit that somebody else looks after is restarted, and never started.
func TestUnitAnyActive(t *testing.T) {
	l, program := newUnit(t)
	desired := Desired{Unit{Name: "x.service", AnyEnabled: true, AnyActive: true}}
	for _, unit := range []Desired{desired, {Unit{Name: "none.service", AnyEnabled: true, AnyActive: true}}} {
		o := apply(t, l, unit)
		if diff := cmp.Diff(unit.Facts(), o.Facts); diff != "" {
			t.Error(diff)
		}
	}
	if log := l.log(); log != nil {
		t.Errorf("systemctl was asked %q", log)
	}
	apply(t, l, Desired{Unit{Name: "x.service", Active: true, AnyEnabled: true}})
	l.log()
	touch(t, program)
	apply(t, l, desired)
	l.write("state/x.service/active", "failed\n")
	if got := probe(t, l, desired)["unit x.service: configuration"]; got != "failed" {
		t.Errorf("a failed unit is %q", got)
	}
	apply(t, l, desired)
	if log := l.log(); slices.Index(log, "systemctl restart -- x.service") != 1 || len(log) != 4 {
		t.Errorf("systemctl was asked %q", log)
	}
}

// TestUnitHealth: a start counts when the unit keeps running and somebody listens.
func TestUnitHealth(t *testing.T) {
	l, _ := newUnit(t)
	tcp := filepath.Join(l.root, "tcp")
	l.moved["/proc/net/tcp"] = tcp
	listening := "   0: 00000000:23F0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n"
	desired := Desired{Unit{Name: "x.service", Active: true, AnyEnabled: true, Health: Health{Port: 9200, Within: 1}}}
	_, err := Apply(t.Context(), l, desired)
	wantError(t, err, "unit x.service", "nothing listens on TCP port 9200 after 1 s", "bind: address already in use")
	if got := probe(t, l, desired)["unit x.service: TCP port 9200"]; got != "closed" {
		t.Errorf("the port is %q", got)
	}
	l.log()
	_, err = Apply(t.Context(), l, desired)
	wantError(t, err, "await", "nothing listens") // and is not restarted for that
	if log := l.log(); log != nil {
		t.Errorf("systemctl was asked %q", log)
	}
	l.write("tcp", listening)
	apply(t, l, desired)
	if err := os.Remove(tcp); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []Health{{Port: -1}, {Port: 65536}, {StableFor: -1}} {
		if err := (Desired{Unit{Name: "x.service", Health: wrong}}).Validate(); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

// TestSharedDirectoryOfOneRun: one after another uses a directory that the first made, and whoever leaves last takes it away; one that was there stays.
func TestSharedDirectoryOfOneRun(t *testing.T) {
	for name, existed := range map[string]bool{"made by the first": false, "there before": true} {
		t.Run(name, func(t *testing.T) {
			h := &together{local: newLocal(t)}
			folder := filepath.Join(t.TempDir(), "x.service.d")
			if existed {
				if err := os.Mkdir(folder, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			of := func(file string) Desired {
				return Desired{Directory{Path: folder, Shared: true}, File{Path: filepath.Join(folder, file), Content: []byte("x\n")}}
			}
			before := make([]Before, 0, 2)
			for _, file := range []string{"a.conf", "b.conf"} {
				o, err := Apply(t.Context(), h, of(file))
				if err != nil {
					t.Fatal(err)
				}
				before = append(before, o.Before)
			}
			for i, file := range []string{"a.conf", "b.conf"} {
				if err := Remove(t.Context(), h, of(file), before[i]); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := os.Stat(folder); existed != (err == nil) {
				t.Errorf("in the end: %v", err)
			}
		})
	}
}

// TestOwnDirectory: one run's directory that another run found goes with whoever leaves last, unless somebody else put something into it.
func TestOwnDirectory(t *testing.T) {
	for name, foreign := range map[string]bool{"nobody else's": false, "with something else in it": true} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "flowstack")
			of := func(file string) Desired {
				return Desired{Directory{Path: folder, Own: true}, File{Path: filepath.Join(folder, file), Content: []byte("x\n")}}
			}
			before := map[string]Before{}
			for _, file := range []string{"first", "second"} {
				o, err := Apply(t.Context(), &together{local: newLocal(t)}, of(file)) // a run each
				if err != nil {
					t.Fatal(err)
				}
				before[file] = o.Before
			}
			if foreign {
				if err := os.WriteFile(filepath.Join(folder, "foreign"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, file := range []string{"first", "second"} {
				if err := Remove(t.Context(), &together{local: newLocal(t)}, of(file), before[file]); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := os.Stat(folder); foreign != (err == nil) {
				t.Errorf("in the end: %v", err)
			}
		})
	}
}
