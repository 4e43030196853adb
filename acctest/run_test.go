package acctest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// leftoverEnv makes the test binary a process that starts a host and waits to be killed.
const leftoverEnv = "FLOWSTACK_ACCTEST_LEFTOVER"

// leaveBehind is the child of TestSweep.
func leaveBehind() error {
	h, err := StartHost(context.Background(), HostOptions{Name: "orphan"})
	if err != nil {
		return err
	}
	// Something of this machine in the host's network, too.
	sleeper := h.Command(context.Background(), "sleep", "600")
	if err := sleeper.Start(); err != nil {
		return err
	}
	if os.Getenv(leftoverEnv) == "kept" {
		if err := Keep(); err != nil {
			return err
		}
	}
	fmt.Println(h.machine.id.PID, sleeper.Process.Pid)
	select {}
}

// orphan starts a child that starts a host, and kills the child.
func orphan(t *testing.T, how string) []processID {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), leftoverEnv+"="+how)
	child.Stderr = os.Stderr
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the child said %q: %v", line, err)
	}
	var nspawn, sleep int
	if _, err := fmt.Sscan(line, &nspawn, &sleep); err != nil {
		t.Fatalf("the child said %q: %v", line, err)
	}
	left := make([]processID, 0, 2)
	for _, pid := range []int{nspawn, sleep} {
		id, err := identify(pid)
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, id)
	}
	if err := child.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	for _, id := range left {
		if !id.alive() {
			t.Fatalf("process %d died with its parent: nothing was left to sweep", id.PID)
		}
	}
	return left
}

func TestSweep(t *testing.T) {
	t.Run("killed", func(t *testing.T) {
		left := orphan(t, "killed")
		if len(leftovers(t)) < 5 {
			t.Fatal("nothing was left to sweep")
		}
		if err := Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		checkGone(t, left)
	})
	t.Run("kept", func(t *testing.T) {
		left := orphan(t, "kept")
		if err := Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, id := range left {
			if !id.alive() {
				t.Errorf("process %d was to be kept", id.PID)
			}
		}
		if err := StopKept(t.Context()); err != nil {
			t.Fatal(err)
		}
		checkGone(t, left)
	})
}

func checkGone(t *testing.T, left []processID) {
	t.Helper()
	for _, id := range left {
		if id.alive() {
			t.Errorf("process %d is still there", id.PID)
		}
	}
	checkClean(t)
}

// A journal that names a pid which now belongs to another process, and a torn last line: neither may do harm.
func TestSweepSparesOthers(t *testing.T) {
	victim := exec.CommandContext(t.Context(), "sleep", "600")
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = victim.Process.Kill()
		_ = victim.Wait()
	})
	id, err := identify(victim.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(runsDir, 0o700); err != nil {
		t.Fatal(err)
	}
	state, err := os.MkdirTemp(runsDir, "test-") //nolint:usetesting // where runs are looked for
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(state) })
	journal := fmt.Sprintf("{\"process\":{\"pid\":%d,\"start\":%d}}\n{\"process\":{\"pi", id.PID, id.Start+1)
	for name, text := range map[string]string{journalFile: journal, ownerFile: fmt.Sprintf(`{"pid":%d,"start":1}`, os.Getpid())} {
		if err := os.WriteFile(filepath.Join(state, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !id.alive() {
		t.Error("the sweep killed a process with another start time")
	}
	if present(state) {
		t.Error("the run of an owner that is no more is still there")
	}
}

// A directory with something mounted inside is never emptied: the mount may be somebody's data.
func TestRemoveDirRefusesMounts(t *testing.T) {
	r, err := newRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	source := t.TempDir()
	if err := os.WriteFile(filepath.Join(source, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.mountBind(source, filepath.Join(r.dir, "point with blank")); err != nil {
		t.Fatal(err)
	}
	if err := removeDir(r.dir); err == nil || !strings.Contains(err.Error(), "still mounted") {
		t.Errorf("removeDir = %v", err)
	}
	if err := r.close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(source, "precious")); err != nil {
		t.Error(err)
	}
}
