package acctest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// mountPoints lists what is mounted in this process's mount namespace.
func mountPoints() ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("mounts: %w", err)
	}
	var points []string
	for line := range bytes.Lines(data) {
		if fields := strings.Fields(string(line)); len(fields) > 4 {
			points = append(points, unescapeMount(fields[4]))
		}
	}
	return points, nil
}

// unescapeMount undoes the \040 form in which the kernel writes blanks.
func unescapeMount(s string) string {
	for _, c := range []byte(" \t\n\\") {
		s = strings.ReplaceAll(s, `\`+fmt.Sprintf("%03s", strconv.FormatUint(uint64(c), 8)), string(c))
	}
	return s
}

func isMountPoint(path string) (bool, error) {
	points, err := mountPoints()
	return slices.Contains(points, path), err
}

// within says whether path lies below dir.
func within(path, dir string) bool {
	relative, err := filepath.Rel(dir, path)
	return err == nil && relative != "." && relative != ".." && !strings.HasPrefix(relative, "../")
}

// mountOverlay shows lower at point; changes go to a directory beside it. Private: nothing propagates to or from it.
func (r *run) mountOverlay(lower, point string) error {
	upper, work := point+".upper", point+".work"
	for _, dir := range []string{upper, work, point} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return fmt.Errorf("overlay: %w", err)
		}
	}
	return r.mount("overlay", "overlay", point, 0, "lowerdir="+lower+",upperdir="+upper+",workdir="+work)
}

// mountBind shows a directory, read-only, at a point others than root can reach.
func (r *run) mountBind(source, point string) error {
	if err := os.Mkdir(point, 0o755); err != nil {
		return fmt.Errorf("bind mount: %w", err)
	}
	if err := r.mount(source, "", point, unix.MS_BIND, ""); err != nil {
		return err
	}
	if err := unix.Mount("", point, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("bind mount %s read-only: %w", point, err)
	}
	return nil
}

func (r *run) mount(source, kind, point string, flags uintptr, options string) error {
	if err := r.record(entry{Mount: point}); err != nil {
		return err
	}
	if err := unix.Mount(source, point, kind, flags, options); err != nil {
		return fmt.Errorf("mount %s on %s: %w", source, point, err)
	}
	if err := unix.Mount("", point, "", unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mount %s private: %w", point, err)
	}
	return nil
}
