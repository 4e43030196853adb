package main

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

// The sender and the sink are on one processor, what is measured is alone on the other.
const (
	driverCPU    = 0
	collectorCPU = 1
)

// beforeOthers gives the calling thread, and what it starts from now on, precedence over ordinary programs of the machine (SCHED_RR). The kernel
// leaves a twentieth of the time to these.
func beforeOthers() error {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: 1}
	if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
		return fmt.Errorf("unable to take precedence over other programs (needs root): %w", err)
	}
	return nil
}

// onCPU lets the calling thread, and what it starts from now on, run on one processor only.
func onCPU(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("unable to use processor %d alone: %w", cpu, err)
	}
	return nil
}

// process is a collector that runs in a control group of its own, which counts what all of its processes use, those included that are over.
type process struct {
	command *exec.Cmd
	group   string
	output  bytes.Buffer
	ended   chan struct{}
	err     error // of the end
}

func controlGroups() (string, error) {
	data, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1], nil
		}
	}
	return "", errors.New("there are no control groups of version 2, which count what a collector uses")
}

// startProcess starts a program on the collector's processor. The calling thread must be locked: when it ends, the program is ended.
func startProcess(ctx context.Context, dir string, arguments []string) (_ *process, err error) {
	root, err := controlGroups()
	if err != nil {
		return nil, err
	}
	p := &process{group: filepath.Join(root, fmt.Sprintf("bench-%d", os.Getpid())), ended: make(chan struct{})}
	if err := os.Mkdir(p.group, 0o750); err != nil {
		return nil, err
	}
	group, err := os.Open(p.group)
	if err != nil {
		return nil, errors.Join(err, os.Remove(p.group))
	}
	p.command = exec.CommandContext(ctx, arguments[0], arguments[1:]...) //nolint:gosec // G204: one of contestants
	p.command.Dir, p.command.Stdout, p.command.Stderr = dir, &p.output, &p.output
	p.command.Env = append(os.Environ(), "GOMAXPROCS=1")
	p.command.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd()), Pdeathsig: syscall.SIGKILL}
	err = onCPU(collectorCPU)
	if err == nil {
		err = errors.Join(p.command.Start(), onCPU(driverCPU))
	}
	if err = errors.Join(err, group.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(p.group))
	}
	go func() {
		p.err = p.command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// stop ends the program with all that it started. What it says at the end does not matter.
func (p *process) stop() error {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		_ = p.command.Process.Kill()
		<-p.ended
	}
	for _, pid := range p.members() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // what it forked
	}
	for range 100 {
		if len(p.members()) == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return os.Remove(p.group)
}

// alive returns an error with what the program said when it is over.
func (p *process) alive() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s ended: %w\n%s", p.command.Path, p.err, p.output.String())
	default:
		return nil
	}
}

// members are the processes of the group.
func (p *process) members() (pids []int) {
	data, err := os.ReadFile(filepath.Join(p.group, "cgroup.procs"))
	if err != nil {
		return nil
	}
	for field := range strings.FieldsSeq(string(data)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// processor is what the group has used of the processor.
func (p *process) processor() (time.Duration, error) {
	data, err := os.ReadFile(filepath.Join(p.group, "cpu.stat"))
	if err != nil {
		return 0, err
	}
	var microseconds int64
	if _, err := fmt.Sscanf(string(data), "usage_usec %d", &microseconds); err != nil {
		return 0, fmt.Errorf("cpu.stat: %w", err)
	}
	return time.Duration(microseconds) * time.Microsecond, nil
}

// memory is a figure of /proc/<pid>/status, such as VmHWM, the most memory that a process had at once: the sum of all processes, in octets.
func (p *process) memory(figure string) (octets int) {
	for _, pid := range p.members() {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue // it is over
		}
		_, after, _ := strings.Cut(string(data), figure+":")
		var kilo int
		if _, err := fmt.Sscan(after, &kilo); err == nil {
			octets += kilo << 10
		}
	}
	return octets
}

// idle waits until the group uses next to nothing, and returns how long that took; at most the given time.
func (p *process) idle(most time.Duration) (time.Duration, error) {
	const look = 100 * time.Millisecond
	start := time.Now()
	before, err := p.processor()
	for quiet := 0; err == nil && quiet < 3 && time.Since(start) < most; {
		time.Sleep(look)
		var now time.Duration
		now, err = p.processor()
		if quiet++; now-before > look/10 {
			quiet = 0
		}
		before = now
	}
	return max(0, time.Since(start)-3*look), err
}

// kernelDrops is how many datagrams the kernel dropped at the collector's sockets of this network namespace.
func kernelDrops() (drops int, bound bool, err error) {
	data, err := os.ReadFile("/proc/net/udp")
	if err != nil {
		return 0, false, err
	}
	port := fmt.Sprintf(":%04X", flowPort)
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) < 13 || !strings.HasSuffix(f[1], port) {
			continue
		}
		n, err := strconv.Atoi(f[len(f)-1])
		if err != nil {
			return 0, false, err
		}
		drops, bound = drops+n, true
	}
	return drops, bound, nil
}
