package host

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

//go:embed scripts/probe.sh
var probeScript string

//go:embed scripts/attributes.sh
var attributesScript string

//go:embed scripts/write.sh
var writeScript string

//go:embed scripts/keypair.sh
var keyPairScript string

//go:embed scripts/register.sh
var registerScript string

//go:embed scripts/remove.sh
var removeScript string

//go:embed scripts/sysctl.sh
var sysctlScript string

//go:embed scripts/swap.sh
var swapScript string

//go:embed scripts/nft.sh
var nftScript string

//go:embed scripts/package.sh
var packageScript string

//go:embed scripts/repository.sh
var repositoryScript string

//go:embed scripts/account.sh
var accountScript string

//go:embed scripts/keystore.sh
var keystoreScript string

//go:embed scripts/unit.sh
var unitScript string

// Observation is what a host showed.
type Observation struct {
	Facts  Facts  // of all items asked for; zero when Apply failed before it could verify
	System System // of the host itself
	// Notes are what is worth knowing besides: no fact, since nobody asked for it and no apply changes it.
	Notes Facts
	// Before is what was there when Apply began, also when Apply failed. Probe leaves it empty.
	Before Before
}

// Probe reads all items in one round trip, together with what others ask a Batched host at the same time. It changes nothing. What could not be read is an error that names the item and says
// what the host said; it is never taken for absent.
func Probe(ctx context.Context, runner Runner, desired Desired) (Observation, error) {
	if err := desired.Validate(); err != nil {
		return Observation{}, err
	}
	e := &engine{runner: runner}
	facts, _, err := e.probe(ctx, desired, false)
	return Observation{Facts: facts, System: e.system, Notes: e.notes}, err
}

// Apply makes the host as desired: it probes, applies the items that differ in their order, and probes again to verify. When
// nothing differs it is the one round trip of a Probe. The first item that fails stops it with an error that names the item;
// what was done until then stays and the next Apply goes on from there.
func Apply(ctx context.Context, runner Runner, desired Desired) (Observation, error) {
	if err := desired.Validate(); err != nil {
		return Observation{}, err
	}
	visit, err := enter(ctx, runner, desired)
	if err != nil {
		return Observation{}, err
	}
	defer visit.leave()
	e := &engine{runner: runner, unread: map[string]bool{}, visit: visit}
	facts, answers, err := e.probe(ctx, desired, true)
	if err != nil {
		return Observation{System: e.system}, err
	}
	observation := Observation{System: e.system}
	for i, item := range desired {
		if err := item.record(answers[i], &observation.Before); err != nil { // nothing was done yet
			return Observation{System: e.system}, fmt.Errorf("%s: %w", item.ID(), err)
		}
	}
	visit.share(desired, &observation.Before)
	if len(facts.Changes(desired.Settled(facts).Facts())) == 0 && !desired.unbacked(answers) {
		observation.Facts, observation.Notes = facts, e.notes
		return observation, nil
	}
	if err := e.system.Supported(); err != nil {
		return observation, err
	}
	if err := e.apply(ctx, desired, answers); err != nil {
		return observation, err
	}
	if observation.Facts, _, err = e.probe(ctx, desired, false); err != nil {
		return observation, fmt.Errorf("verify: %w", err)
	}
	observation.Notes = e.notes
	return observation, e.verify(ctx, desired, observation.Facts)
}

// Remove takes the items away in reverse order and puts back what before recorded; then it verifies that they are gone. Of an
// item that before knows nothing about (it was imported), a file, package or unit goes and a live sysctl value stays.
func Remove(ctx context.Context, runner Runner, desired Desired, before Before) error {
	if err := desired.Validate(); err != nil {
		return err
	}
	visit, err := enter(ctx, runner, desired)
	if err != nil {
		return err
	}
	defer visit.leave()
	e := &engine{runner: runner, visit: visit}
	found, err := e.find(ctx, desired)
	if err != nil {
		return err
	}
	for i := len(desired) - 1; i >= 0; i-- {
		if err := desired[i].remove(ctx, e, before); err != nil {
			return fmt.Errorf("%s: %w", desired[i].ID(), err)
		}
	}
	if dropInsOfOthers(desired) {
		e.unitFilesChanged = false
	}
	if err := e.restore(ctx, desired, found, before); err != nil {
		return err
	}
	if err := e.reload(ctx); err != nil {
		return err
	}
	facts, _, err := e.probe(ctx, desired, false)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	var left []string
	for _, item := range desired {
		left = append(left, item.left(facts, before)...)
	}
	if len(left) > 0 {
		return fmt.Errorf("after the removal %s", strings.Join(left, "; "))
	}
	return nil
}

func hasUnit(desired Desired) bool {
	return slices.ContainsFunc(desired, func(i Item) bool { _, ok := i.(Unit); return ok })
}

// find reads what there is before a removal, where there is a unit or a keystore in it: what happens to these depends on that.
func (e *engine) find(ctx context.Context, desired Desired) (Facts, error) {
	if !hasUnit(desired) && !slices.ContainsFunc(desired, func(i Item) bool { _, ok := i.(OpenKeystore); return ok }) {
		return nil, nil
	}
	facts, answers, err := e.probe(ctx, desired, false)
	if err != nil {
		return nil, err
	}
	e.found = map[string]answer{}
	for i, item := range desired {
		e.found[item.ID()] = answers[i]
	}
	return facts, nil
}

// restore puts the units of a removal back once their files are gone or back in their place. A unit is only restarted when a file or
// package of this removal has changed (found is what was there), or when it is stale: an earlier try was cut short then. Where there
// are no files there is nothing to restart for. Not before that systemd reads its files again, in the same command as the restart: a
// cut between the two would leave a unit that runs with what is gone, and nobody could see it.
func (e *engine) restore(ctx context.Context, desired Desired, found Facts, before Before) error {
	if !hasUnit(desired) {
		return nil
	}
	if err := e.visit.begin(ctx); err != nil {
		return err
	}
	facts, answers, err := e.probe(ctx, desired, false)
	if err != nil {
		return err
	}
	files, changed := false, false
	for _, item := range desired {
		switch item.(type) {
		case File, OpenKeystore, Package:
			files = true
			for _, change := range found.Changes(facts) {
				changed = changed || change.Fact == item.ID() || strings.HasPrefix(change.Fact, item.ID()+": ")
			}
		}
	}
	for i, item := range desired {
		unit, ok := item.(Unit)
		if !ok || unit.AnyActive && e.visit.covered(unit.Name) {
			continue // another removal of the same moment has restarted it with all that went
		}
		was, err := unit.state(e.found[unit.ID()])
		if err != nil {
			return fmt.Errorf("%s: %w", unit.ID(), err)
		}
		s, err := unit.state(answers[i])
		if err != nil {
			return fmt.Errorf("%s: %w", unit.ID(), err)
		}
		renewed := changed || files && (was.stale() || s.stale())
		if err := unit.restore(ctx, e, before.Units[unit.Name], s, renewed); err != nil {
			return fmt.Errorf("%s: %w", unit.ID(), err)
		}
	}
	return nil
}

// dropInsOfOthers tells whether all unit files of desired are drop-ins of units that are not in desired: units that stay. For
// these systemd is not told to read its files again, since then nobody could see any more that they still run with the drop-in:
// so they are stale until the next Apply restarts them.
func dropInsOfOthers(desired Desired) bool {
	for _, item := range desired {
		file, ok := item.(File)
		if !ok || !isUnitFile(file.Path) {
			continue
		}
		unit, isDropIn := strings.CutSuffix(path.Base(path.Dir(file.Path)), ".d")
		if !isDropIn || slices.ContainsFunc(desired, func(i Item) bool { return i.ID() == (Unit{Name: unit}).ID() }) {
			return false
		}
	}
	return !slices.ContainsFunc(desired, func(i Item) bool { _, ok := i.(Package); return ok })
}

// engine is one Probe, Apply or Remove on one host.
type engine struct {
	runner Runner
	system System
	notes  Facts // of the last probe
	// unitFilesChanged: systemd has to read its files again before a unit is touched.
	unitFilesChanged bool
	unread           map[string]bool // units that systemd said need a daemon-reload
	visit            *visit          // among others at work on the host
	// found is what the host said before a removal that has to do with units or keystores, by the ID of the items; else nil.
	found map[string]answer
}

func (e *engine) probe(ctx context.Context, items Desired, previous bool) (Facts, []answer, error) {
	requests := make([]request, 0, len(items)+1)
	requests = append(requests, systemRequest)
	for _, item := range items {
		requests = append(requests, item.request(previous))
	}
	answers, err := ask(ctx, e.runner, requests)
	if err != nil {
		return nil, nil, err
	}
	if e.system, err = parseSystem(answers[0]); err != nil {
		return nil, nil, err
	}
	answers = answers[1:]
	facts := Facts{}
	e.notes = nil
	var errs []error
	for i, item := range items {
		observed, err := item.observe(answers[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", item.ID(), err))
		}
		maps.Copy(facts, observed)
		if with, ok := item.(noter); ok {
			e.notes = merged(e.notes, with.note(answers[i]))
		}
	}
	return facts, answers, errors.Join(errs...)
}

// apply goes through the items. What is known of the rest is read again where an item may have changed it: after a package
// (it brings directories and units) and before a unit when anything was changed at all.
func (e *engine) apply(ctx context.Context, items Desired, answers []answer) error {
	changed, installed := false, false // since answers were read
	for i, item := range items {
		if unit, ok := item.(Unit); ok {
			did, err := e.applyUnit(ctx, unit, items[i:], answers[i:], changed || installed)
			if err != nil {
				return err
			}
			changed, installed = did, false
			continue
		}
		if installed {
			if err := e.refresh(ctx, items[i:], answers[i:]); err != nil {
				return err
			}
			changed, installed = false, false
		}
		did, err := e.applyItem(ctx, item, answers[i], false)
		if err != nil {
			return err
		}
		if did {
			changed = true
			_, installed = item.(Package)
		}
	}
	return e.reload(ctx)
}

// applyUnit applies the first of items once the files of all who are at work on the host are written. changed: answers are old.
func (e *engine) applyUnit(ctx context.Context, unit Unit, items Desired, answers []answer, changed bool) (did bool, err error) {
	if err := e.visit.begin(ctx); err != nil {
		return false, fmt.Errorf("%s: %w", unit.ID(), err)
	}
	if changed || e.visit.shared(unit.Name) {
		if err := e.refresh(ctx, items, answers); err != nil {
			return false, err
		}
	}
	e.note(items, answers)
	did, err = e.applyItem(ctx, unit, answers[0], e.unread[unit.Name])
	if did && err == nil && unit.looksAtAge() {
		e.visit.restarted(unit.Name)
	}
	return did, err
}

// applyItem applies an item that is not as wanted, or has to be applied all the same.
func (e *engine) applyItem(ctx context.Context, item Item, a answer, allTheSame bool) (did bool, err error) {
	observed, err := item.observe(a)
	if err != nil {
		return false, fmt.Errorf("%s: %w", item.ID(), err)
	}
	if len(observed.Changes(settle(item, observed).want())) == 0 && !allTheSame && !(Desired{item}).unbacked([]answer{a}) {
		return false, nil
	}
	if _, ok := item.(Unit); ok {
		if err := e.reload(ctx); err != nil {
			return false, err
		}
	}
	if err := item.apply(ctx, e, a); err != nil {
		return false, fmt.Errorf("%s: %w", item.ID(), err)
	}
	return true, nil
}

// refresh reads items again; before a unit systemd reads its files again if any changed. Whether it has to cannot be left to
// NeedDaemonReload: systemd 252 does not see a new drop-in directory.
func (e *engine) refresh(ctx context.Context, items Desired, answers []answer) error {
	e.note(items, answers)
	if _, ok := items[0].(Unit); ok {
		if err := e.reload(ctx); err != nil {
			return err
		}
	}
	_, fresh, err := e.probe(ctx, items, false)
	copy(answers, fresh)
	return err
}

// note remembers which units systemd has not read again since their files changed: a daemon-reload makes systemd forget, but
// the units still run with what they had.
func (e *engine) note(items Desired, answers []answer) {
	for i, item := range items {
		unit, ok := item.(Unit)
		if !ok {
			continue
		}
		if s, err := unit.state(answers[i]); err == nil && s.needReload {
			e.unread[unit.Name], e.unitFilesChanged = true, true
		}
	}
}

// reload makes systemd read its files again, if any changed.
func (e *engine) reload(ctx context.Context) error {
	if !e.unitFilesChanged {
		return nil
	}
	if err := e.run(ctx, "systemctl daemon-reload", unitScript, nil, Unit{Name: "-"}.script("daemon-reload")...); err != nil {
		return err
	}
	e.unitFilesChanged = false
	return nil
}

// verify makes an error of what is still not as desired; for a unit that does not run it adds what the unit said.
func (e *engine) verify(ctx context.Context, desired Desired, got Facts) error {
	changes := got.Changes(desired.Settled(got).Facts())
	if len(changes) == 0 {
		return nil
	}
	wrong := make([]string, 0, len(changes))
	for _, change := range changes {
		wrong = append(wrong, fmt.Sprintf("%s is %q, not %q", change.Fact, change.From, strings.TrimPrefix(change.To, openMark)))
	}
	err := fmt.Errorf("the host is not as desired after the apply: %s", strings.Join(wrong, "; "))
	for _, item := range desired {
		unit, ok := item.(Unit)
		if ok && unit.Active && got[unit.fact("active")] != "active" {
			err = errors.Join(err, e.run(ctx, "status of "+unit.Name, unitScript, nil, unit.script("diagnose")...))
		}
	}
	return err
}

// run runs one of the scripts on the host; what names the step in the error.
func (e *engine) run(ctx context.Context, what, script string, stdin []byte, args ...string) error {
	return e.stream(ctx, what, script, bytes.NewReader(stdin), args...)
}

// stream is run for content that is not in memory.
func (e *engine) stream(ctx context.Context, what, script string, stdin io.Reader, args ...string) error {
	_, err := e.output(ctx, what, script, stdin, args...)
	return err
}

// output is stream for a script that says something.
func (e *engine) output(ctx context.Context, what, script string, stdin io.Reader, args ...string) ([]byte, error) {
	result, err := e.runner.Run(ctx, ssh.Command{
		Argv:  append([]string{"sh", "-c", script, "flowstack"}, args...),
		Stdin: stdin,
		Root:  true,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if result.ExitCode != 0 {
		return nil, &ssh.ExitError{Program: what, ExitCode: result.ExitCode, Stderr: string(result.Stderr)}
	}
	return result.Stdout, nil
}
