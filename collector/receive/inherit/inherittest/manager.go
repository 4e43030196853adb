// Package inherittest stands in for systemd in tests: it keeps the sockets that a service stores, and passes them to the next process.
package inherittest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Manager is the service manager's end of the notification socket, with a file descriptor store.
type Manager struct {
	path string

	mu      sync.Mutex
	stored  map[string]*os.File
	removed []string
	states  []string
	changed chan struct{} // closed, and made anew, with each message
}

// New starts one, which ends with the test.
func New(tb testing.TB) *Manager {
	tb.Helper()
	m := &Manager{path: filepath.Join(tb.TempDir(), "notify"), stored: map[string]*os.File{}, changed: make(chan struct{})}
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"})
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		data, control := make([]byte, 4096), make([]byte, unix.CmsgSpace(4*16))
		for {
			n, rights, _, _, err := c.ReadMsgUnix(data, control)
			if err != nil {
				return
			}
			m.take(string(data[:n]), files(control[:rights]))
		}
	}()
	tb.Cleanup(func() {
		_ = c.Close()
		<-done
		for _, f := range m.stored {
			_ = f.Close()
		}
	})
	return m
}

// Path is what NOTIFY_SOCKET is to be.
func (m *Manager) Path() string { return m.path }

func files(control []byte) (passed []*os.File) {
	messages, _ := syscall.ParseSocketControlMessage(control)
	for i := range messages {
		fds, _ := syscall.ParseUnixRights(&messages[i])
		for _, fd := range fds {
			syscall.CloseOnExec(fd)
			passed = append(passed, os.NewFile(uintptr(fd), ""))
		}
	}
	return passed
}

func (m *Manager) take(state string, passed []*os.File) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := "stored"
	for line := range strings.Lines(state) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "FDNAME="); ok {
			name = text
		}
	}
	m.states = append(m.states, strings.Split(state, "\n")...)
	switch {
	case strings.HasPrefix(state, "FDSTORE=1") && len(passed) == 1 && m.stored[name] == nil:
		m.stored[name] = passed[0]
		passed = nil
	case strings.HasPrefix(state, "FDSTOREREMOVE=1") && m.stored[name] != nil:
		_ = m.stored[name].Close()
		delete(m.stored, name)
		m.removed = append(m.removed, name)
	}
	for _, f := range passed {
		_ = f.Close()
	}
	close(m.changed)
	m.changed = make(chan struct{})
}

// Until waits, for as long as the test may run, until the messages so far make ok true. Ok is given the names of what is stored, in order, and the lines that came.
func (m *Manager) Until(ctx context.Context, what string, ok func(stored, lines []string) bool) error {
	for {
		m.mu.Lock()
		changed, stored, lines := m.changed, m.names(), slices.Clone(m.states)
		m.mu.Unlock()
		if ok(stored, lines) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("ended while waiting for %s: %q are stored", what, stored)
		}
	}
}

func (m *Manager) names() []string {
	names := make([]string, 0, len(m.stored))
	for name := range m.stored {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Stored is a duplicate of each socket that is stored, with its name, in the order of names.
func (m *Manager) Stored() ([]*os.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*os.File
	for _, name := range m.names() {
		fd, err := unix.FcntlInt(m.stored[name].Fd(), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, os.NewFile(uintptr(fd), name))
	}
	return all, nil
}

// Drop closes a socket that is stored, as systemd does with one that has an error.
func (m *Manager) Drop(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.stored[name].Close()
	delete(m.stored, name)
}

// Command makes a process that is given what is stored, as systemd would start it. Close is called once the process is started.
func (m *Manager) Command(ctx context.Context, argv ...string) (cmd *exec.Cmd, started func(), err error) {
	passed, err := m.Stored()
	if err != nil {
		return nil, nil, err
	}
	names := make([]string, len(passed))
	for i, f := range passed {
		names[i] = f.Name()
	}
	// LISTEN_PID is known only to the process itself.
	cmd = exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`}, argv...)...) //nolint:gosec // G204: the tests' own.
	cmd.ExtraFiles = passed
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+m.path, fmt.Sprintf("LISTEN_FDS=%d", len(passed)), "LISTEN_FDNAMES="+strings.Join(names, ":"))
	return cmd, func() {
		for _, f := range passed {
			_ = f.Close()
		}
	}, nil
}
