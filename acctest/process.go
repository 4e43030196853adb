package acctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processID names one process for good: a pid is used again, a pid with its start time is not.
type processID struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks after boot, field 22 of /proc/PID/stat
}

func identify(pid int) (processID, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processID{}, fmt.Errorf("process %d: %w", pid, err)
	}
	// The name, in parentheses, may hold blanks and parentheses of its own: count the fields from the last one.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 20 {
		return processID{}, fmt.Errorf("process %d: /proc/%d/stat has only %d fields after the name", pid, pid, len(fields))
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return processID{}, fmt.Errorf("process %d: start time: %w", pid, err)
	}
	if fields[0] == "Z" {
		return processID{}, fmt.Errorf("process %d: %w", pid, os.ErrProcessDone)
	}
	return processID{PID: pid, Start: start}, nil
}

func (p processID) alive() bool {
	now, err := identify(p.PID)
	return err == nil && now == p
}

// signal sends a signal to this very process, and to no later one that was given its pid.
func (p processID) signal(s syscall.Signal) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return os.ErrProcessDone
	}
	defer unix.Close(fd) //nolint:errcheck // a handle, nothing is written
	if !p.alive() {
		return os.ErrProcessDone
	}
	if err := unix.PidfdSendSignal(fd, s, nil, 0); !errors.Is(err, unix.ESRCH) {
		return err
	}
	return os.ErrProcessDone // it ended in between
}

// kill ends the process and returns when it is gone.
func (p processID) kill(ctx context.Context) error {
	if err := p.signal(unix.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill process %d: %w", p.PID, err)
	}
	return poll(ctx, fmt.Sprintf("process %d to end after SIGKILL", p.PID), func() (bool, error) { return !p.alive(), nil })
}

// process is a program of this machine that was started here and is waited for.
type process struct {
	id   processID
	name string
	log  string // file with its output
	done chan struct{}
	err  error // of Wait; valid when done is closed
}

// asleep tells whether the main thread waits for something: proc(5), the state behind the name in parentheses.
func (p *process) asleep() (bool, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.id.PID))
	if err != nil {
		return false, err
	}
	_, behind, _ := bytes.Cut(stat, []byte(") "))
	return bytes.HasPrefix(behind, []byte("S")), nil
}

// The program starts only after its pid is written down: the shell waits for a line, and gives up when we die instead of sending it.
const startGate = `read -r go || exit 1; exec "$@" </dev/null`

// startSpec says how a program is started.
type startSpec struct {
	name  string // for messages and for the log file
	args  []string
	env   []string // nil: this process's
	dir   string
	uid   uint32 // 0: root
	netns string // path; empty: the machine's

	cgroups []string // to be started in; empty: this process's
}

// start runs a program in a session of its own (a Ctrl-C in the terminal is for us alone), its output in a file of the run.
func (r *run) start(ctx context.Context, spec startSpec) (*process, error) {
	logPath := filepath.Join(r.dir, spec.name+".log")
	out, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.name, err)
	}
	defer out.Close() //nolint:errcheck // the child has its own handle
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", append([]string{"-c", startGate, "sh"}, spec.args...)...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = spec.env, spec.dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if spec.uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: spec.uid, Gid: spec.uid}
	}
	gate, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.name, err)
	}
	if err := inNamespace(spec.netns, cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.name, err)
	}
	p := &process{name: spec.name, log: logPath, done: make(chan struct{})}
	id, err := identify(cmd.Process.Pid)
	if err == nil {
		p.id = id
		err = r.record(entry{Process: &id, Name: spec.name})
	}
	if err == nil {
		err = joinCgroups(id.PID, spec.cgroups)
	}
	if err == nil {
		_, err = gate.Write([]byte("\n"))
	}
	err = errors.Join(err, gate.Close())
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.name, err)
	}
	return p, nil
}

// exited returns an error with the end of the program's output when it is no longer running.
func (p *process) exited() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended (%w): %s", p.name, exitCause(p.err), tail(p.log))
	default:
		return nil
	}
}

var errExitZero = errors.New("exit status 0")

func exitCause(err error) error {
	if err == nil {
		return errExitZero
	}
	return err
}

// stop sends a signal and waits; after the grace period the process is killed.
func (p *process) stop(ctx context.Context, s syscall.Signal, grace time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	for waiting.Err() == nil {
		// Some programs miss a signal that comes between their look at what signals said and their next read.
		if err := p.id.signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop %s: %w", p.name, err)
		}
		select {
		case <-p.done:
			return nil
		case <-time.After(time.Second):
		case <-waiting.Done():
		}
	}
	// A cancelled caller still wants the process gone: SIGKILL needs no patience.
	killing, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	if err := p.id.kill(killing); err != nil {
		return err
	}
	<-p.done
	return nil
}

// tail returns the last lines of a log file, for an error message.
func tail(path string) string {
	const limit = 2000
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(data) > limit {
		data = data[len(data)-limit:]
	}
	return strings.TrimSpace(string(data))
}

// poll asks until the answer is yes, an error comes, or the context ends.
func poll(ctx context.Context, what string, ask func() (bool, error)) error {
	wait := 5 * time.Millisecond
	for {
		ok, err := ask()
		if err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
		case <-time.After(wait):
		}
		wait = min(wait*3/2, 250*time.Millisecond)
	}
}

// command runs a program of this machine to its end; the error holds what it wrote to stderr.
func command(ctx context.Context, name string, args ...string) ([]byte, error) {
	return commandInput(ctx, "", name, args...)
}

func commandInput(ctx context.Context, input, name string, args ...string) ([]byte, error) {
	cmd := commandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// commandContext prepares a program in a process group of its own: a Ctrl-C in the terminal ends us, and we end what we started, in order.
func commandContext(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
