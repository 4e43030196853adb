package providertest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// files describes everything below the host's root, by path: kind and mode, owner, and a hash of the content or the target. Paths that begin with
// one of ignore are left out.
func (h *Host) files(ignore []string) map[string]string {
	h.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(h.Root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(h.Root, path)
		if err != nil || slices.ContainsFunc(ignore, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			text += fmt.Sprintf(" %d:%d", stat.Uid, stat.Gid)
		}
		switch {
		case info.Mode().IsRegular():
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" %x", sha256.Sum256(content))
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			text += " to " + target
		}
		all[name] = text
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}
