package flowcollector

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed packages
var embedded embed.FS

// ErrNoPackages means that the program was built without the collector's packages.
var ErrNoPackages = errors.New("this build has no collector packages inside: build it with make build, or use a released one")

// Packages are the collector's packages that were built into the program: their common version, and the .deb files by Debian architecture.
func Packages() (version string, debs map[string][]byte, err error) {
	files, err := fs.Glob(embedded, "packages/*.deb")
	if err != nil {
		return "", nil, err
	}
	debs = make(map[string][]byte, len(files))
	for _, file := range files {
		parts := strings.Split(strings.TrimSuffix(path.Base(file), ".deb"), "_")
		if len(parts) != 3 {
			return "", nil, fmt.Errorf("embedded package %s is not named NAME_VERSION_ARCH.deb", file)
		}
		if version != "" && version != parts[1] {
			return "", nil, fmt.Errorf("embedded packages have versions %s and %s: build again", version, parts[1])
		}
		version = parts[1]
		if debs[parts[2]], err = embedded.ReadFile(file); err != nil {
			return "", nil, err
		}
	}
	if len(debs) == 0 {
		return "", nil, ErrNoPackages
	}
	return version, debs, nil
}
