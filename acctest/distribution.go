package acctest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// Distribution is what a host runs: one of Debian12, Debian13, Ubuntu2204 and Ubuntu2404.
type Distribution struct {
	Name  string // as people say it: "Debian 12"
	Suite string // its code name
	// Unattended: it has unattended-upgrades, which wait for nobody here: there are no timers.
	Unattended bool

	mirror   string   // where it is got from; empty: as mmdebstrap has it for Debian
	keyring  *archive // what has the keys that sign it; nil: those that Debian trusts
	packages []string // that a container has besides the small ones
	// env is what systemd-nspawn is told.
	env []string
}

// The distributions. To mmdebstrap apt is no part of the least Ubuntu. Those of Ubuntu have unattended-upgrades, as they have it when they are installed from a medium.
var (
	// Debian12 is what hosts run where nothing else is said. Its containers have login shells that are not POSIX ones.
	Debian12   = Distribution{Name: "Debian 12", Suite: "bookworm", packages: []string{"csh", "fish"}}
	Debian13   = Distribution{Name: "Debian 13", Suite: "trixie", mirror: "http://deb.debian.org/debian", env: pureCgroups}
	Ubuntu2204 = ubuntu("Ubuntu 22.04", "jammy")
	Ubuntu2404 = ubuntu("Ubuntu 24.04", "noble")
)

// pureCgroups gives a container control groups of version 2 alone, whatever this machine has: systemd runs with no others since its version 256.
var pureCgroups = []string{"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"}

const ubuntuMirror = "http://archive.ubuntu.com/ubuntu"

func ubuntu(name, suite string) Distribution {
	return Distribution{
		Name: name, Suite: suite, Unattended: true, mirror: ubuntuMirror, packages: []string{"apt", "unattended-upgrades"},
		// Debian has no package with these keys. Who takes part in their distribution is settled by the digest here.
		keyring: &archive{
			url:    ubuntuMirror + "/pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb",
			sha256: "36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8",
			file:   "usr/share/keyrings/ubuntu-archive-keyring.gpg",
		},
	}
}

// arguments are those of mmdebstrap that say which system it is, with where to put it.
func (d Distribution) arguments(ctx context.Context, target string) ([]string, error) {
	var args []string
	if d.keyring != nil {
		path, err := d.keyring.get(ctx)
		if err != nil {
			return nil, fmt.Errorf("keys of %s: %w", d.Name, err)
		}
		args = append(args, "--keyring="+path)
	}
	args = append(args, d.Suite, target)
	if d.mirror != "" {
		args = append(args, d.mirror)
	}
	return args, nil
}

// archive is a file in a Debian package that is downloaded.
type archive struct {
	url, sha256 string
	file        string // in the package
}

// largestArchive is how many octets a package may have, to be downloaded.
const largestArchive = 16 << 20

// get gives the path of the file, in the cache.
func (a archive) get(ctx context.Context) (string, error) {
	dir, err := cached(ctx, "archive", []string{a.url, a.sha256}, func(ctx context.Context, dir string) error {
		content, err := a.download(ctx)
		if err != nil {
			return err
		}
		deb := filepath.Join(dir, "package.deb")
		if err := os.WriteFile(deb, content, 0o600); err != nil {
			return err
		}
		_, err = command(ctx, "dpkg-deb", "--extract", deb, filepath.Join(dir, "root"))
		return err
	})
	return filepath.Join(dir, "root", a.file), err
}

func (a archive) download(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read only
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", a.url, response.Status)
	}
	var content bytes.Buffer
	if _, err := io.Copy(&content, io.LimitReader(response.Body, largestArchive)); err != nil {
		return nil, fmt.Errorf("%s: %w", a.url, err)
	}
	if sum := sha256.Sum256(content.Bytes()); hex.EncodeToString(sum[:]) != a.sha256 {
		return nil, fmt.Errorf("%s: SHA-256 is %x, want %s", a.url, sum, a.sha256)
	}
	return content.Bytes(), nil
}
