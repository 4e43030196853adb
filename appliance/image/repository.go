package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// repositorySource makes apt know the packages inside. They lie on the machine's own disk, as what trusts them does: a signature would add nothing.
const repositorySource = `Types: deb
URIs: file:/usr/share/flowstack/packages
Suites: ./
Trusted: yes
`

// repository lays out flowstack/packages in the work folder: Elastic's packages and the index that apt reads. What they are is remembered for the SBOM.
func (w *workshop) repository(ctx context.Context) error {
	debs, err := filepath.Glob(filepath.Join(w.spec.Elastic, "*.deb"))
	if err != nil {
		return err
	}
	if len(debs) == 0 {
		return fmt.Errorf("there is no .deb in %s", w.spec.Elastic)
	}
	folder := w.path("flowstack/packages")
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // apt reads it as a user of its own
		return err
	}
	var index strings.Builder
	slices.Sort(debs)
	for _, deb := range debs {
		name := filepath.Base(deb)
		fields, err := run(exec.CommandContext(ctx, "dpkg-deb", "--field", deb))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		p, err := packageOf(ctx, deb)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		w.given = append(w.given, p)
		info, err := os.Stat(deb)
		if err != nil {
			return err
		}
		digest, err := digestOf(deb)
		if err != nil {
			return err
		}
		fmt.Fprintf(&index, "%sFilename: ./%s\nSize: %d\nSHA256: %s\n\n", fields, name, info.Size(), digest)
		out, err := os.Create(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if err := errors.Join(copySparse(out, 0, deb), out.Truncate(info.Size()), out.Close()); err != nil {
			return err
		}
	}
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "Packages"), []byte(index.String()), 0o644),      //nolint:gosec // apt reads it as a user of its own
		os.WriteFile(w.path("flowstack/packages.sources"), []byte(repositorySource), 0o644), //nolint:gosec // likewise
	)
}

// packageOf is what a package says of itself, with the licences that its copyright file names.
func packageOf(ctx context.Context, deb string) (installed, error) {
	var p installed
	fields, err := run(exec.CommandContext(ctx, "dpkg-deb", "--show", "--showformat", "${Package} ${Version} ${Architecture}", deb))
	if err != nil {
		return p, err
	}
	if _, err := fmt.Sscan(string(fields), &p.name, &p.version, &p.architecture); err != nil {
		return p, fmt.Errorf("fields %q: %w", fields, err)
	}
	p.vendor = "elastic"
	p.licences = []string{"not named in the package"}
	// Where it has no such file, tar finds nothing and says so.
	copyright, err := run(exec.CommandContext(ctx, "sh", "-c", `dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "*usr/share/doc/$2/copyright"`, "sh", deb, p.name))
	if err == nil {
		p.licences = licences(string(copyright))
	}
	return p, ctx.Err()
}
