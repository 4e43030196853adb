package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Swap says whether the host swaps. Off is off now and after every boot: nothing of it is active, /etc/fstab turns none on (the lines
// that did are comments of ours), swap.target is masked, which also keeps out what systemd finds by itself (partitions by their type,
// zram of zram-generator, swap units), and services that make swap of their own are stopped and masked. Remove brings all of that
// back. On is only that there is some, as the host is configured.
type Swap struct{ On bool }

const (
	swapFact       = "swap"
	swapTarget     = "swap.target"
	swapTargetFact = "unit " + swapTarget + ": enabled"
	masked         = "masked"
	active         = "active"
	on             = "on"
	off            = "off"
	fstabPath      = "/etc/fstab"
)

// swapServices turn swap on by themselves, whatever swap.target says: zram-tools, zram-config of Ubuntu, systemd-swap, dphys-swapfile.
var swapServices = []string{"zramswap.service", "zram-config.service", "systemd-swap.service", "dphys-swapfile.service"}

// ID implements Item. On and off are two: what off did is undone before on.
func (s Swap) ID() string {
	if s.On {
		return "swap on"
	}
	return "swap off"
}

func (s Swap) validate() error { return nil }

func (s Swap) want() Facts {
	if s.On {
		return Facts{swapFact: on}
	}
	return Facts{swapFact: off, swapTargetFact: masked}
}

func (s Swap) request(bool) request {
	return request{kind: "swap", args: append([]string{swapTarget}, swapServices...)}
}

// SwapBefore is what swapped.
type SwapBefore struct {
	Areas  []SwapArea            `json:"areas,omitempty"`
	Masked bool                  `json:"masked,omitempty"` // swap.target was
	Units  map[string]UnitBefore `json:"units,omitempty"`  // services that make swap
}

// SwapArea is one file or device.
type SwapArea struct {
	Path     string `json:"path"`
	Priority int    `json:"priority"`
}

// swapState is what a host says of its swap.
type swapState struct {
	SwapBefore
	target     string // systemctl is-enabled swap.target
	fstab      []byte
	fstabStat  stat
	memoryLock bool
}

func (s Swap) state(a answer) (swapState, error) {
	if a.failed != "" {
		return swapState{}, fmt.Errorf("could not tell what swaps: %s", a.failed)
	}
	state := swapState{SwapBefore: SwapBefore{Units: map[string]UnitBefore{}}}
	var err error
	if state.Areas, err = parseSwaps(a.text("swaps")); err != nil {
		return swapState{}, err
	}
	if state.fstabStat, err = parseStat(a); err != nil {
		return swapState{}, fmt.Errorf("%s: %w", fstabPath, err)
	}
	state.fstab, _ = a.bytes("content")
	for _, line := range a.all("unit") {
		fields := strings.Fields(line)
		switch {
		case len(fields) != 3:
			return swapState{}, fmt.Errorf("the state of a unit reads %q", line)
		case fields[0] == swapTarget:
			state.target, state.Masked = fields[1], fields[1] == masked
		default:
			state.Units[fields[0]] = UnitBefore{Existed: true, Enabled: fields[1], Active: fields[2]}
		}
	}
	if state.target == "" {
		return swapState{}, fmt.Errorf("systemd says nothing of %s", swapTarget)
	}
	state.memoryLock = canLockMemory(a.text("limits"), a.text("capabilities"))
	return state, nil
}

// parseSwaps reads /proc/swaps: a heading, then name, type, size and used in KiB, priority.
func parseSwaps(text string) ([]SwapArea, error) {
	var areas []SwapArea
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "Filename" {
			continue
		}
		if len(fields) != 5 {
			return nil, fmt.Errorf("/proc/swaps has the line %q", strings.TrimSpace(line))
		}
		priority, err := strconv.Atoi(fields[4])
		if err != nil {
			return nil, fmt.Errorf("/proc/swaps: priority: %w", err)
		}
		areas = append(areas, SwapArea{unescapeMount(fields[0]), priority})
	}
	return areas, nil
}

// canLockMemory tells whether systemd can let a service lock as much memory as it likes (LimitMEMLOCK=infinity): PID 1 has no limit
// itself, or has CAP_SYS_RESOURCE, which is above limits. In many containers it has neither.
func canLockMemory(limits, capabilities string) bool {
	for line := range strings.Lines(limits) {
		if rest, ok := strings.CutPrefix(line, "Max locked memory"); ok {
			if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == "unlimited" {
				return true
			}
		}
	}
	const sysResource = 24
	for line := range strings.Lines(capabilities) {
		if set, ok := strings.CutPrefix(line, "CapEff:"); ok {
			bits, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
			return err == nil && bits>>sysResource&1 == 1
		}
	}
	return false
}

const memoryLockNote = "memory lock"

// note implements noter.
func (s Swap) note(a answer) Facts {
	if state, err := s.state(a); err == nil && state.memoryLock {
		return Facts{memoryLockNote: "possible"}
	}
	return nil
}

// MemoryLockPossible tells whether services of the host can be allowed to lock all their memory; only a probe of Swap looks.
func (o Observation) MemoryLockPossible() bool { return o.Notes[memoryLockNote] != "" }

func (s Swap) observe(a answer) (Facts, error) {
	state, err := s.state(a)
	if err != nil {
		return nil, err
	}
	facts := Facts{swapFact: off}
	if len(state.Areas) > 0 {
		facts[swapFact] = on
	}
	if s.On {
		return facts, nil
	}
	facts[swapTargetFact] = state.target
	for _, area := range state.Areas {
		facts["swap "+area.Path+": active"] = "yes"
	}
	for _, swap := range fstabSwaps(state.fstab) {
		facts["swap "+swap+": in "+fstabPath] = "yes"
	}
	for name, unit := range state.Units {
		if makesSwap(unit) {
			facts["unit "+name+": enabled"], facts["unit "+name+": active"] = unit.Enabled, unit.Active
		}
	}
	return facts, nil
}

func makesSwap(unit UnitBefore) bool {
	return strings.HasPrefix(unit.Enabled, "enabled") || unit.Active == active
}

func (s Swap) record(a answer, b *Before) error {
	if s.On {
		return nil
	}
	state, err := s.state(a)
	b.Swap = &state.SwapBefore
	return err
}

func (s Swap) apply(ctx context.Context, e *engine, a answer) error {
	if s.On {
		if err := e.run(ctx, "turn on", swapScript, nil, "on"); err != nil {
			return err
		}
		_, answers, err := e.probe(ctx, Desired{s}, false)
		if err != nil {
			return err
		}
		if state, err := s.state(answers[0]); err != nil || len(state.Areas) == 0 {
			return errors.Join(err, errors.New("the host has no swap that could be turned on: /etc/fstab names none, and no unit does"))
		}
		return nil
	}
	state, err := s.state(a)
	if err != nil {
		return err
	}
	if err := writeFstab(ctx, e, state, withoutSwaps(state.fstab)); err != nil {
		return err
	}
	args := []string{"off"}
	for _, name := range slices.Sorted(maps.Keys(state.Units)) {
		if makesSwap(state.Units[name]) {
			args = append(args, name)
		}
	}
	err = e.run(ctx, "turn off", swapScript, nil, args...)
	if err != nil && strings.Contains(err.Error(), "Cannot allocate memory") {
		return fmt.Errorf("there is not enough free memory for what is swapped out; stop something first: %w", err)
	}
	return err
}

// writeFstab replaces /etc/fstab when it is to be another one.
func writeFstab(ctx context.Context, e *engine, state swapState, content []byte) error {
	if state.fstabStat.kind == "" || string(content) == string(state.fstab) {
		return nil
	}
	if state.fstabStat.kind != "regular file" {
		return fmt.Errorf("%s is a %s, which is not replaced", fstabPath, state.fstabStat.describe(""))
	}
	e.unitFilesChanged = true // systemd makes units of its lines
	file := File{Path: fstabPath, Content: content, Mode: fileMode(state.fstabStat.mode), Owner: state.fstabStat.uid, Group: state.fstabStat.gid}
	return file.write(ctx, e)
}

func (s Swap) remove(ctx context.Context, e *engine, b Before) error {
	if s.On {
		return nil
	}
	_, answers, err := e.probe(ctx, Desired{s}, false)
	if err != nil {
		return err
	}
	state, err := s.state(answers[0])
	if err != nil {
		return err
	}
	if err := writeFstab(ctx, e, state, withSwaps(state.fstab)); err != nil {
		return err
	}
	return e.run(ctx, "bring back", swapScript, nil, restoreSwap(b.Swap, state)...)
}

// restoreSwap are the arguments that bring back what was there before. Where nobody knows, that is what the host is configured to: masks and
// comments of fstab are ours, whatever is below them is not.
func restoreSwap(before *SwapBefore, now swapState) []string {
	args := []string{"restore", "unmasked"}
	if before == nil {
		args = append(args, "all", "", "")
		for _, name := range slices.Sorted(maps.Keys(now.Units)) {
			if now.Units[name].Enabled == masked {
				args = append(args, "unit", name, "auto")
			}
		}
		return args
	}
	if before.Masked {
		args[1] = masked
	}
	for _, area := range before.Areas {
		if !slices.ContainsFunc(now.Areas, func(here SwapArea) bool { return here.Path == area.Path }) {
			args = append(args, "area", area.Path, strconv.Itoa(area.Priority))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.Units)) {
		unit := before.Units[name]
		if !makesSwap(unit) {
			continue
		}
		disabled := strings.HasPrefix(unit.Enabled, "enabled") && now.Units[name].Enabled != masked // where a mask was not possible
		state := "stay"
		switch {
		case disabled && unit.Active == active:
			state = "enable"
		case disabled:
			state = "enable-only"
		case unit.Active == active:
			state = "start"
		}
		args = append(args, "unit", name, state)
	}
	return args
}

func (s Swap) left(got Facts, b Before) []string {
	if s.On || b.Swap == nil {
		return nil
	}
	var left []string
	if len(b.Swap.Areas) > 0 && got[swapFact] == off {
		left = append(left, "swap is off and was on before")
	}
	if !b.Swap.Masked && got[swapTargetFact] == masked {
		left = append(left, "unit "+swapTarget+" is still masked")
	}
	return left
}
