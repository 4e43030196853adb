package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
)

// insideFlag is what this program is started with in a network namespace of its own, in which nobody else has ports or sends packets.
const insideFlag = "-inside"

// outside builds the collectors and starts this program again, in a network namespace and on one processor.
func outside(ctx context.Context, d world.Knowledge, seconds time.Duration, only string) (all []sustained, err error) {
	if runtime.NumCPU() < 2 {
		return nil, errors.New("two processors are needed, one for the collector alone")
	}
	programs, err := buildCollectors(ctx, &d)
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(programs) }()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread() // never unlocked: the thread keeps its processor, and the program that it starts ends with it
	if err := onCPU(driverCPU); err != nil {
		return nil, err
	}
	if err := beforeOthers(); err != nil {
		return nil, err
	}
	inside := exec.CommandContext(ctx, self, insideFlag, programs, "-step", seconds.String(), "-only", only, d.City, d.ASN)
	inside.Stderr = os.Stderr
	inside.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	out, err := inside.Output()
	if err != nil {
		return nil, fmt.Errorf("unable to measure what is sustained (needs root): %w", err)
	}
	return all, json.Unmarshal(out, &all)
}

// buildCollectors builds what is started here into a folder of its own, which the caller removes. Paths of databases become absolute.
func buildCollectors(ctx context.Context, d *world.Knowledge) (programs string, err error) {
	for _, path := range []*string{&d.City, &d.ASN} {
		if *path, err = filepath.Abs(*path); err != nil {
			return "", err
		}
	}
	if programs, err = os.MkdirTemp("", "bench-"); err != nil {
		return "", err
	}
	for _, one := range []struct{ name, module, from string }{
		{"flowcollector", "../..", "./collector/cmd/flowcollector"}, {"goflow2", ".", "github.com/netsampler/goflow2/v2/cmd/goflow2"},
	} {
		//nolint:gosec // G204: one of two programs
		build := exec.CommandContext(ctx, "go", "build", "-C", one.module, "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(programs, one.name), one.from)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return "", errors.Join(fmt.Errorf("unable to build %s: %w\n%s", one.name, err, out), os.RemoveAll(programs))
		}
	}
	return programs, nil
}

// measureInside measures all collectors in turn and writes what they sustain to standard output.
func measureInside(ctx context.Context, programs string, d world.Knowledge, seconds time.Duration, only string) (err error) {
	runtime.LockOSThread() // collectors end with the thread that started them
	if err := loopbackUp(); err != nil {
		return err
	}
	l := travelling()[0]
	for i := range l.packets {
		if len(l.packets[i].data) != len(l.packets[0].data) {
			return fmt.Errorf("packet %d has another length", i)
		}
	}
	s, err := newSender(&l)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	k, err := startSink(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	a := &arena{
		sender: s, sink: k, seconds: seconds, perPacket: 25,
		say: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
	}
	all := []sustained{}
	for _, c := range contestants(programs, d) {
		if !strings.Contains(c.Name, only) {
			continue
		}
		r, err := a.measure(ctx, &c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		all = append(all, r)
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}

// loopbackUp makes 127.0.0.0/8 usable in a new network namespace.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | uint16(net.FlagRunning))
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r); err != nil {
		return fmt.Errorf("unable to bring up the loopback interface: %w", err)
	}
	return nil
}
