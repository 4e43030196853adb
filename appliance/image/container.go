package image

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// notInContainers are what a container has from the machine it runs on.
var notInContainers = []string{"boot/", "usr/lib/modules/", "vmlinuz", "initrd.img", "dev/", "etc/fstab", "etc/repart.d/"}

// containerArchive makes the system an archive that systemd-nspawn, LXC, Docker and Podman import.
func containerArchive(system, path string) error {
	in, err := os.Open(system)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	compress := gzip.NewWriter(out)
	w := tar.NewWriter(compress)
	err = errors.Join(filter(w, tar.NewReader(in)), w.Close(), compress.Close(), out.Close())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func filter(w *tar.Writer, r *tar.Reader) error {
	for {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if left(strings.TrimPrefix(header.Name, "./")) {
			continue
		}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
	}
}

// left says whether a path is left out. Folders themselves stay.
func left(name string) bool {
	for _, out := range notInContainers {
		if strings.HasPrefix(name, out) && name != out {
			return true
		}
		if !strings.HasSuffix(out, "/") && (name == out || name == out+".old") {
			return true
		}
	}
	return false
}
