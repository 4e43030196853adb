package image

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// Differences names what differs between two archives of the format tar.gz: for each file its mode, owner, size, time, link and digest.
func Differences(first, second string) ([]string, error) {
	a, err := listing(first)
	if err != nil {
		return nil, err
	}
	b, err := listing(second)
	if err != nil {
		return nil, err
	}
	names := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(names)
	var all []string
	for _, name := range slices.Compact(names) {
		if a[name] != b[name] {
			all = append(all, fmt.Sprintf("%s: %q, %q", name, a[name], b[name]))
		}
	}
	return all, nil
}

func listing(archive string) (map[string]string, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	plain, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", archive, err)
	}
	all := map[string]string{}
	for in := tar.NewReader(plain); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", archive, err)
		}
		digest := sha256.New()
		if _, err := io.Copy(digest, in); err != nil { //nolint:gosec // an image that was built here
			return nil, fmt.Errorf("%s: %s: %w", archive, h.Name, err)
		}
		all[h.Name] = fmt.Sprintf("%o %d:%d %d octets, %s %s %x", h.Mode, h.Uid, h.Gid, h.Size, h.ModTime.UTC(), h.Linkname, digest.Sum(nil))
	}
}
