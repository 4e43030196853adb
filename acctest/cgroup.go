package acctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// cgroupRoots are the hierarchies systemd inside a container works with: version 2, and version 1's "name=systemd" where it exists.
func cgroupRoots() ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("control groups: %w", err)
	}
	var roots []string
	for line := range bytes.Lines(data) {
		// proc(5): … mount point … - type source super-options
		before, after, _ := strings.Cut(string(line), " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(kind) < 3 {
			continue
		}
		if kind[0] == "cgroup2" || kind[0] == "cgroup" && slices.Contains(strings.Split(kind[2], ","), "name=systemd") {
			roots = append(roots, unescapeMount(fields[4]))
		}
	}
	return roots, nil
}

// makeCgroups makes control groups of the run's own. Without them the hosts would share the one this process is in, and the systemd
// of one would see and end services of another.
func (r *run) makeCgroups() ([]string, error) {
	roots, err := cgroupRoots()
	if err != nil {
		return nil, err
	}
	groups := make([]string, 0, len(roots))
	for _, root := range roots {
		group := filepath.Join(root, "fsa-"+r.id)
		if err := r.record(entry{Cgroup: group}); err != nil {
			return nil, err
		}
		if err := os.Mkdir(group, 0o755); err != nil {
			return nil, fmt.Errorf("control group: %w", err)
		}
		groups = append(groups, group)
	}
	return groups, nil
}

func joinCgroups(pid int, groups []string) error {
	for _, group := range groups {
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
			return fmt.Errorf("control group: %w", err)
		}
	}
	return nil
}

// removeCgroup ends what is still in a control group and removes it with all below.
func removeCgroup(ctx context.Context, group string) error {
	return poll(ctx, "control group "+group+" to empty", func() (bool, error) {
		var dirs []string
		err := filepath.WalkDir(group, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return ignoreGone(err)
		})
		if err != nil {
			return false, err
		}
		for _, dir := range slices.Backward(dirs) {
			for _, id := range cgroupProcesses(dir) {
				if err := id.signal(unix.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
					return false, err
				}
			}
			switch err := os.Remove(dir); {
			case errors.Is(err, unix.EBUSY):
				return false, nil
			case ignoreGone(err) != nil:
				return false, err
			}
		}
		return true, nil
	})
}

// cgroupProcesses lists what is in a group; nothing when the group is gone.
func cgroupProcesses(dir string) []processID {
	data, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return nil
	}
	var found []processID
	for _, field := range strings.Fields(string(data)) {
		pid, err := strconv.Atoi(field)
		if err != nil || pid == 0 {
			continue
		}
		if id, err := identify(pid); err == nil {
			found = append(found, id)
		}
	}
	return found
}

func ignoreGone(err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}
