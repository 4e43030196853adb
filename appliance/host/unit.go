package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Unit is the state of a systemd unit; its files and drop-ins are Files. A running unit is stale when it started before one of
// its inputs, its unit files or its program last changed: then it is restarted. That is read from the host each time, so a
// restart that failed is tried again by the next Apply, an edit by hand is noticed, and many changed files cost one restart.
type Unit struct {
	Name    string // with its type: flowcollector.service
	Enabled bool   // starts at boot
	Active  bool   // runs now
	Masked  bool   // cannot be started by anybody; neither Enabled nor Active then
	// Unmasked: somebody can start it, which is a fact of its own, also where it is AnyEnabled.
	Unmasked bool
	Inputs   []string // absolute paths of the files it reads at its start
	Health   Health   // what it has to prove after a start
	// AnyEnabled, AnyActive and AnyAge: whether it starts at boot, whether it runs, and whether it runs with older inputs is
	// somebody else's business. A unit of any activity is only restarted, when it is stale or failed, never started or stopped.
	AnyEnabled, AnyActive, AnyAge bool
	// Borrowed: the unit is not ours, only its state. Remove puts back what Before knows of it, and else leaves it as it is.
	Borrowed bool
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
	if u.Masked && (u.Enabled || u.Active) {
		errs = append(errs, errors.New("a masked unit can neither be enabled nor run"))
	}
	if u.Masked && u.Unmasked {
		errs = append(errs, errors.New("a unit is either masked or not"))
	}
	errs = append(errs, u.Health.validate())
	return errors.Join(errs...)
}

// ValidUnitName tells why something is not the name of a unit.
func ValidUnitName(name string) error { return Unit{Name: name}.validate() }

func (u Unit) fact(name string) string { return u.ID() + ": " + name }

// current is the value of the fact "unit NAME: configuration" when the unit runs with what is on disk.
const current = "current"

func (u Unit) want() Facts {
	facts := Facts{}
	switch {
	case u.AnyEnabled:
	case u.Masked:
		facts[u.fact("enabled")] = "masked"
	case u.Enabled:
		facts[u.fact("enabled")] = "enabled"
	default:
		facts[u.fact("enabled")] = "disabled"
	}
	if u.Unmasked {
		facts[u.fact("masked")] = "no"
	}
	if !u.AnyActive {
		facts[u.fact("active")] = "inactive"
		if u.Active {
			facts[u.fact("active")] = "active"
		}
	}
	if u.looksAtAge() {
		facts[u.fact("configuration")] = current
	}
	if u.looksAtPort() {
		facts[u.portFact()] = "listening"
	}
	return facts
}

func (u Unit) looksAtAge() bool { return (u.Active || u.AnyActive) && !u.AnyAge }

func (u Unit) looksAtPort() bool { return u.Active && u.Health.Port != 0 }

func (u Unit) request(bool) request {
	port := ""
	if u.looksAtPort() {
		port = strconv.Itoa(u.Health.Port)
	}
	return request{kind: "unit", args: append([]string{u.Name, port}, u.Inputs...)}
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
	if u.looksAtAge() {
		facts[u.fact("configuration")] = u.configuration(s)
	}
	if !s.exists && s.active == "inactive" {
		if u.Active {
			facts[u.fact("configuration")] = Absent
		}
		return u.wanted(facts), nil
	}
	facts[u.fact("enabled")] = u.enablement(s)
	facts[u.fact("masked")] = "no"
	if s.masked() {
		facts[u.fact("masked")] = s.enabled
	}
	facts[u.fact("active")] = s.active
	if u.looksAtPort() {
		facts[u.portFact()] = s.listening
	}
	return u.wanted(facts), nil
}

// wanted leaves out what is somebody else's business.
func (u Unit) wanted(facts Facts) Facts {
	want := u.want()
	maps.DeleteFunc(facts, func(name, _ string) bool { _, ok := want[name]; return !ok })
	return facts
}

// configuration is the value of the fact of this name. A unit of any activity that does not run has nothing that is old, unless
// it does not run because its last start failed.
func (u Unit) configuration(s unitState) string {
	switch {
	case !u.AnyActive || s.runs():
		return s.configuration()
	case s.broken():
		return "failed"
	}
	return current
}

// unchangeable are states of a unit that has no [Install] section to enable it by.
var unchangeable = []string{"static", "generated", "transient", "indirect"}

// alias is the state of a name that another unit has besides its own.
const alias = "alias"

// elsewhere are states of a unit whose file or name is only a link: it does not start at boot for that.
var elsewhere = []string{alias, "linked", "linked-runtime"}

// enablement is the value of the fact enabled. A unit that nobody can enable, or that is merely linked to, is disabled enough.
func (u Unit) enablement(s unitState) string {
	if !u.Enabled && !u.Masked && (slices.Contains(unchangeable, s.enabled) || slices.Contains(elsewhere, s.enabled)) {
		return "disabled"
	}
	return s.enabled
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
	if !s.exists && (u.Active || u.Enabled || u.Unmasked || u.AnyActive && s.broken()) {
		return errors.New("the host has no such unit")
	}
	steps := append(u.enableSteps(s), u.activeSteps(s, e.unread[u.Name])...)
	if u.Masked { // what runs cannot be left behind a mask
		steps = append(u.activeSteps(s, false), u.enableSteps(s)...)
	}
	if u.Enabled && slices.Contains(unchangeable, s.enabled) {
		return fmt.Errorf("it cannot be enabled: it is %s, which means that its unit file has no [Install] section", s.enabled)
	}
	if u.Enabled && s.enabled == alias {
		return errors.New("it cannot be enabled: it is an alias of another unit, so name that one")
	}
	if len(steps) == 0 {
		return nil
	}
	return e.run(ctx, steps[len(steps)-1], unitScript, nil, u.script(steps...)...)
}

// steps of systemctl that undo or make a state of systemctl is-enabled; those of this boot alone need --runtime.
var (
	undoes = map[string]string{
		"masked": "unmask", "masked-runtime": "unmask-runtime", "enabled": "disable", "enabled-runtime": "disable-runtime",
	}
	makes = map[string]string{
		"masked": "mask", "masked-runtime": "mask-runtime", "enabled": "enable", "enabled-runtime": "enable-runtime",
	}
)

func (u Unit) enableSteps(s unitState) []string {
	var steps []string
	if s.masked() && !u.Masked && (!u.AnyEnabled || u.Active || u.Unmasked) {
		steps = append(steps, undoes[s.enabled])
	}
	switch {
	case u.AnyEnabled:
	case u.Masked && s.enabled != "masked":
		return []string{"mask"}
	case u.Masked:
	case u.Enabled && s.enabled != "enabled":
		steps = append(steps, "enable")
	case !u.Enabled && s.masked():
		steps = append(steps, "disable")
	case !u.Enabled && strings.HasPrefix(s.enabled, "enabled"):
		steps = append(steps, undoes[s.enabled])
	}
	return steps
}

// looksAtMask tells whether a mask of the unit is ours to take away or to put back.
func (u Unit) looksAtMask() bool { return u.Masked || u.Unmasked || u.Active || !u.AnyEnabled }

func (u Unit) activeSteps(s unitState, unread bool) []string {
	old := unread || s.runs() && s.age() != current
	switch {
	case u.AnyActive && !u.AnyAge && (s.broken() || s.runs() && old):
		return []string{"reset-failed", "restart"}
	case u.AnyActive:
		return nil
	case u.Active && s.active != "active":
		return []string{"reset-failed", "start"}
	case u.Active && !u.AnyAge && old:
		return []string{"restart"}
	case u.Active && u.looksAtPort() && s.listening != "listening":
		return []string{"await"}
	case !u.Active && s.active != "inactive":
		return []string{"stop", "reset-failed"}
	}
	return nil
}

// script are the arguments of unit.sh for these steps.
func (u Unit) script(steps ...string) []string {
	return append([]string{u.Name, u.Health.stable(), u.Health.port(), u.Health.within()}, steps...)
}

func (u Unit) remove(ctx context.Context, e *engine, b Before) error {
	before, recorded := b.Units[u.Name]
	var steps []string
	if u.Borrowed && !recorded {
		return nil
	}
	s, err := u.state(e.found[u.ID()])
	if err != nil {
		return err
	}
	if s.masked() && s.enabled != before.Enabled && (u.Masked || recorded && u.looksAtMask()) {
		steps = append(steps, undoes[s.enabled])
	}
	if !u.AnyEnabled && before.Enabled != "enabled" && !slices.Contains(elsewhere, s.enabled) { // it would take the link away
		steps = append(steps, "disable")
	}
	goes := !u.Borrowed && !before.Existed
	if !u.AnyActive && before.Active != "active" || u.AnyActive && goes {
		steps = append(steps, "stop", "reset-failed")
	}
	if u.Clean && !before.Existed {
		steps = append(steps, "clean")
	}
	if len(steps) == 0 {
		return nil
	}
	return e.run(ctx, "stop", unitScript, nil, u.script(steps...)...)
}

// restore puts a unit back as it was before, as far as that is ours, once its files are back in their place. renewed: what it reads at
// its start has changed.
func (u Unit) restore(ctx context.Context, e *engine, before UnitBefore, s unitState, renewed bool) error {
	var steps []string
	if was := before.Enabled; !u.AnyEnabled && strings.HasPrefix(was, "enabled") {
		steps = append(steps, makes[was])
	}
	active := u.restoreSteps(before, s, renewed)
	restarts := len(active) > 0
	steps = append(steps, active...)
	if was := before.Enabled; strings.HasPrefix(was, "masked") && s.enabled != was && u.looksAtMask() {
		steps = append(steps, makes[was]) // last: what is masked cannot be started
	}
	if len(steps) == 0 {
		return nil
	}
	if e.unitFilesChanged {
		steps = append([]string{"daemon-reload"}, steps...)
	}
	if err := e.run(ctx, "restore", unitScript, nil, u.script(steps...)...); err != nil {
		return err
	}
	e.unitFilesChanged = false
	if restarts && u.AnyActive {
		e.visit.restarted(u.Name)
	}
	return nil
}

func (u Unit) restoreSteps(before UnitBefore, s unitState, renewed bool) []string {
	ran := before.Active == "active"
	switch {
	case u.AnyActive && (u.AnyAge || !renewed):
		return nil
	case u.AnyActive && s.broken() && ran: // with what is gone
		return []string{"reset-failed", "restart"}
	case u.AnyActive && (s.runs() || s.broken()):
		return []string{"reset-failed", "try-restart"}
	case u.AnyActive:
		return nil
	case ran && renewed:
		return []string{"reset-failed", "restart"}
	case ran && s.active != "active":
		return []string{"reset-failed", "start"}
	}
	return nil
}

func (u Unit) left(got Facts, b Before) []string {
	before, recorded := b.Units[u.Name]
	if u.Borrowed && !recorded {
		return nil
	}
	active, enabled := got[u.fact("active")], got[u.fact("enabled")]
	switch was := before.Active; {
	case u.AnyActive:
	case was == "active" && active != "active":
		return []string{fmt.Sprintf("%s is %s and was active before", u.ID(), active)}
	case was != "active" && active != Absent && active != "inactive":
		return []string{u.ID() + " is still " + active}
	}
	if !u.AnyEnabled && makes[before.Enabled] != "" && enabled != before.Enabled {
		return []string{fmt.Sprintf("%s is %s and was %s before", u.ID(), enabled, before.Enabled)}
	}
	if masked := got[u.fact("masked")]; u.Unmasked && strings.HasPrefix(before.Enabled, "masked") && masked == "no" {
		return []string{fmt.Sprintf("%s is not masked and was %s before", u.ID(), before.Enabled)}
	}
	return nil
}
