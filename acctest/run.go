package acctest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// runsDir holds one directory for each thing that was started and not yet removed.
const runsDir = "/run/flowstack-acctest"

const (
	ownerFile   = "owner"   // processID of who started it
	journalFile = "journal" // one JSON entry a line, each written before the thing it names comes to be
	keptFile    = "kept"    // present when it is to outlive its owner
)

// entry names one thing to be removed; exactly one of the fields is set (Name goes with Process).
type entry struct {
	Process   *processID `json:"process,omitempty"`
	Name      string     `json:"name,omitempty"`
	Mount     string     `json:"mount,omitempty"`     // mount point
	Namespace string     `json:"namespace,omitempty"` // name below /run/netns
	Link      string     `json:"link,omitempty"`      // network interface of the machine
	Cgroup    string     `json:"cgroup,omitempty"`    // directory of a control group
	Dir       string     `json:"dir,omitempty"`
}

// run is one started thing: its journal and its working directory.
type run struct {
	id      string
	state   string // directory below runsDir
	dir     string // working directory
	mu      sync.Mutex
	entries []entry
}

// running are the runs of this process, for Keep.
var running = struct {
	sync.Mutex
	all map[string]*run
}{all: map[string]*run{}}

// newRun removes the leftovers of dead owners, then opens a journal and a working directory.
func newRun(ctx context.Context) (*run, error) {
	if err := requireRoot(); err != nil {
		return nil, err
	}
	if err := Sweep(ctx); err != nil {
		return nil, err
	}
	unlock, err := lockRuns()
	if err != nil {
		return nil, err
	}
	defer unlock()
	id, err := randomHex(4)
	if err != nil {
		return nil, err
	}
	owner, err := identify(os.Getpid())
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(owner)
	if err != nil {
		return nil, fmt.Errorf("describe owner: %w", err)
	}
	r := &run{id: id, state: filepath.Join(runsDir, id), dir: filepath.Join(os.TempDir(), "flowstack-acctest-"+id)}
	if err := os.Mkdir(r.state, 0o700); err != nil {
		return nil, fmt.Errorf("run directory: %w", err)
	}
	if err := os.WriteFile(filepath.Join(r.state, ownerFile), text, 0o600); err != nil {
		return nil, fmt.Errorf("run directory: %w", err)
	}
	if err := r.record(entry{Dir: r.dir}); err != nil {
		return nil, err
	}
	// Others than root pass through (Elasticsearch runs under a uid of its own) but cannot list it.
	if err := os.Mkdir(r.dir, 0o711); err != nil {
		return nil, fmt.Errorf("working directory: %w", err)
	}
	running.Lock()
	running.all[id] = r
	running.Unlock()
	return r, nil
}

// TemporaryDir makes a directory that only root can enter. Remove deletes it; a later run does if this process is killed first.
func TemporaryDir(ctx context.Context) (dir string, remove func(context.Context) error, err error) {
	r, err := newRun(ctx)
	if err != nil {
		return "", nil, err
	}
	if err := os.Chmod(r.dir, 0o700); err != nil {
		return "", nil, r.abandon(ctx, err)
	}
	return r.dir, r.close, nil
}

// record writes an entry to the journal; call it before making the thing.
func (r *run) record(e entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("journal %s: %w", r.id, err)
	}
	f, err := os.OpenFile(filepath.Join(r.state, journalFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("journal %s: %w", r.id, err)
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("journal %s: %w", r.id, err)
	}
	r.entries = append(r.entries, e)
	return nil
}

// close removes everything the journal names, newest first, then the journal.
func (r *run) close(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := removeEntries(ctx, r.entries); err != nil {
		return fmt.Errorf("remove what %s names: %w", r.state, err)
	}
	running.Lock()
	delete(running.all, r.id)
	running.Unlock()
	if err := os.RemoveAll(r.state); err != nil {
		return fmt.Errorf("run directory: %w", err)
	}
	return nil
}

// abandon is for Start functions that fail half way: it adds to their error what could not be removed.
func (r *run) abandon(ctx context.Context, cause error) error {
	return errors.Join(cause, r.close(ctx))
}

// removeEntries goes on after an error, so that one obstinate thing does not keep the others.
func removeEntries(ctx context.Context, entries []entry) error {
	// Cleaning up is what happens after a cancellation: it is not cancelled itself, but bounded.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var errs []error
	// Processes first: they hold mounts, namespaces and files.
	for _, e := range slices.Backward(entries) {
		if e.Process != nil && e.Process.alive() {
			errs = append(errs, e.Process.kill(ctx))
		}
	}
	for _, e := range slices.Backward(entries) {
		switch {
		case e.Namespace != "":
			errs = append(errs, removeNamespace(ctx, e.Namespace))
		case e.Link != "":
			errs = append(errs, removeLink(ctx, e.Link))
		case e.Mount != "":
			errs = append(errs, removeMount(ctx, e.Mount))
		case e.Cgroup != "":
			errs = append(errs, removeCgroup(ctx, e.Cgroup))
		case e.Dir != "":
			errs = append(errs, removeDir(e.Dir))
		}
	}
	return errors.Join(errs...)
}

// Sweep removes what earlier runs left behind: everything their journals name, when the process that owned them is dead and
// they were not to be kept. Processes are touched only when their start time is the recorded one.
func Sweep(ctx context.Context) error {
	return sweep(ctx, func(state string) bool {
		_, err := os.Stat(filepath.Join(state, keptFile))
		return err == nil
	})
}

// Keep lets everything this process started and has not stopped outlive it. Sweep leaves it alone; StopKept removes it.
func Keep() error {
	running.Lock()
	defer running.Unlock()
	for _, r := range running.all {
		if err := os.WriteFile(filepath.Join(r.state, keptFile), nil, 0o600); err != nil {
			return fmt.Errorf("keep: %w", err)
		}
	}
	return nil
}

// StopKept removes what Keep kept in processes that have ended since.
func StopKept(ctx context.Context) error {
	return sweep(ctx, func(string) bool { return false })
}

func sweep(ctx context.Context, spare func(state string) bool) error {
	if err := requireRoot(); err != nil {
		return err
	}
	unlock, err := lockRuns()
	if err != nil {
		return err
	}
	defer unlock()
	states, err := os.ReadDir(runsDir)
	if err != nil {
		return fmt.Errorf("leftovers: %w", err)
	}
	var errs []error
	for _, s := range states {
		state := filepath.Join(runsDir, s.Name())
		if !s.IsDir() || spare(state) {
			continue
		}
		// Runs are made under the lock we hold: an owner that is not written, or not in full, died writing it.
		var owner processID
		text, err := os.ReadFile(filepath.Join(state, ownerFile))
		if err == nil && json.Unmarshal(text, &owner) == nil && owner.alive() {
			continue
		}
		entries, err := readJournal(filepath.Join(state, journalFile))
		if err == nil {
			err = removeEntries(ctx, entries)
		}
		if err == nil {
			err = os.RemoveAll(state)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("leftovers in %s: %w", state, err))
		}
	}
	return errors.Join(errs...)
}

func readJournal(path string) ([]entry, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	var entries []entry
	for d := json.NewDecoder(f); d.More(); {
		var e entry
		// A torn last line names nothing that exists: entries are written before the thing is made.
		if err := d.Decode(&e); err != nil {
			break
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// lockRuns serialises making and sweeping runs, and choosing addresses, between processes.
func lockRuns() (unlock func(), err error) {
	if err := os.MkdirAll(runsDir, 0o700); err != nil {
		return nil, fmt.Errorf("run directory: %w", err)
	}
	return lockFile(filepath.Join(runsDir, "lock"))
}

// lockFile waits for an exclusive lock; the kernel drops it when the holder dies.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

func randomHex(n int) (string, error) {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("random: %w", err)
	}
	return hex.EncodeToString(b), nil
}

func removeMount(ctx context.Context, point string) error {
	mounted, err := isMountPoint(point)
	if err != nil || !mounted {
		return err
	}
	// Busy for a moment after its last process was killed.
	return poll(ctx, "unmount of "+point, func() (bool, error) {
		err := unix.Unmount(point, unix.UMOUNT_NOFOLLOW)
		if errors.Is(err, unix.EBUSY) {
			return false, nil
		}
		return err == nil, err
	})
}

// removeDir refuses to empty a directory in which something is still mounted.
func removeDir(dir string) error {
	mounts, err := mountPoints()
	if err != nil {
		return err
	}
	for _, m := range mounts {
		if m == dir || within(m, dir) {
			return fmt.Errorf("remove %s: %s is still mounted", dir, m)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	return nil
}
