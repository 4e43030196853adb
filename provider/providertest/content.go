package providertest

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Content is what a package of Offer brings when it is installed: paths of files below /etc or /var/lib, and their content.
func (h *Host) Content(name string, files map[string]string) {
	h.t.Helper()
	for path, content := range files {
		file := h.Path(filepath.Join("/etc/fake/content", name, path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			h.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			h.t.Fatal(err)
		}
	}
}

// Share puts a file into /usr/share.
func (h *Host) Share(path string, content []byte, mode fs.FileMode) {
	h.t.Helper()
	file := h.Path(filepath.Join("share", path))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(file, content, mode); err != nil {
		h.t.Fatal(err)
	}
}
