package host

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// UnitStatus is what a host says of a unit, to look at. For the facts that can drift see Unit.
type UnitStatus struct {
	Exists        bool
	Description   string
	Enabled       string    // systemctl is-enabled; empty: no such unit
	Active        string    // ActiveState
	Sub           string    // SubState
	Result        string    // of the last run: success, exit-code, …
	Configuration string    // current, not running, or why it is stale
	Started       time.Time // zero: not running
	MainPID       int       // 0: none
	Restarts      int       // by systemd itself, since the last start by somebody
	UnitFile      string
	DropIns       []string
}

// Stale tells whether the unit runs since before something that it reads at its start changed.
func (s UnitStatus) Stale() bool { return strings.HasPrefix(s.Configuration, "stale") }

// ReadUnit reads the status of a unit that reads these files at its start besides its unit files and its program. It changes nothing.
func ReadUnit(ctx context.Context, runner Runner, name string, inputs []string) (UnitStatus, error) {
	unit := Unit{Name: name, Inputs: inputs, AnyEnabled: true, AnyActive: true}
	if err := unit.validate(); err != nil {
		return UnitStatus{}, err
	}
	e := &engine{runner: runner}
	_, answers, err := e.probe(ctx, Desired{unit}, false)
	if err != nil {
		return UnitStatus{}, err
	}
	s, err := unit.state(answers[0])
	if err != nil {
		return UnitStatus{}, fmt.Errorf("%s: %w", unit.ID(), err)
	}
	status := UnitStatus{
		Exists: s.exists, Enabled: s.enabled, Active: s.active, Sub: s.sub, Configuration: s.configuration(), Result: s.properties["Result"],
		UnitFile: s.properties["FragmentPath"], DropIns: strings.Fields(s.properties["DropInPaths"]),
	}
	if s.exists {
		status.Description = s.properties["Description"]
	}
	if s.runs() {
		status.Started = s.started
	}
	for property, to := range map[string]*int{"MainPID": &status.MainPID, "NRestarts": &status.Restarts} {
		if text := s.properties[property]; text != "" { // a socket has neither
			if *to, err = strconv.Atoi(text); err != nil {
				return UnitStatus{}, fmt.Errorf("%s: %s: %w", unit.ID(), property, err)
			}
		}
	}
	return status, nil
}

// RestartUnit restarts a unit, or starts it, and waits until it proved its health. The error has the end of its journal.
func RestartUnit(ctx context.Context, runner Runner, unit Unit) error {
	return unit.command(ctx, runner, "reset-failed", "restart")
}

// ReloadUnit lets a unit that runs read its configuration again without a restart.
func ReloadUnit(ctx context.Context, runner Runner, unit Unit) error {
	return unit.command(ctx, runner, "reload")
}

func (u Unit) command(ctx context.Context, runner Runner, steps ...string) error {
	if err := u.validate(); err != nil {
		return err
	}
	visit, err := enter(ctx, runner, Desired{u})
	if err != nil {
		return err
	}
	defer visit.leave()
	if err := visit.begin(ctx); err != nil {
		return err
	}
	e := &engine{runner: runner, visit: visit}
	return e.run(ctx, steps[len(steps)-1]+" of "+u.Name, unitScript, nil, u.script(steps...)...)
}

// BootID names the time since a host's last boot.
func BootID(ctx context.Context, runner Runner) (string, error) {
	const path = "/proc/sys/kernel/random/boot_id"
	result, err := runner.Run(ctx, ssh.Command{Argv: []string{"cat", path}})
	if err != nil {
		return "", err
	}
	if result.ExitCode != 0 {
		return "", &ssh.ExitError{Program: "cat " + path, ExitCode: result.ExitCode, Stderr: string(result.Stderr)}
	}
	id := strings.TrimSpace(string(result.Stdout))
	if id == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return id, nil
}

// StartReboot asks a host to boot again and returns at once: the connection may end with the answer.
func StartReboot(ctx context.Context, runner Runner) error {
	const command = "systemctl --no-block reboot"
	result, err := runner.Run(ctx, ssh.Command{Argv: strings.Fields(command), Root: true})
	if err == nil && result.ExitCode != 0 {
		err = &ssh.ExitError{Program: command, ExitCode: result.ExitCode, Stderr: string(result.Stderr)}
	}
	return err
}

// SystemState is systemctl is-system-running: running, degraded, starting, …
func SystemState(ctx context.Context, runner Runner) (string, error) {
	result, err := runner.Run(ctx, ssh.Command{Argv: []string{"systemctl", "is-system-running"}})
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(result.Stdout)), nil
}
