package aptrepository

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// validatePackages checks a repository that is made of files, as far as they are known.
func (m *Model) validatePackages() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, other := range []struct {
		name string
		null bool
	}{
		{"uris", m.URIs.IsNull()},
		{"suites", m.Suites.IsNull()},
		{"components", m.Components.IsNull()},
		{"key", m.Key.IsNull()},
		{"key_fingerprints", m.Fingerprints.IsNull()},
		{"proxy", m.Proxy.IsNull()},
	} {
		if !other.null {
			diags.AddAttributeError(path.Root(other.name), unable, "One that is made of packages is a folder of the host: it has nothing of the kind.")
		}
	}
	files, known := hostresource.Strings(m.Packages)
	seen := map[string]string{}
	for i, file := range files {
		at := path.Root("packages")
		if known {
			at = at.AtListIndex(i)
		}
		name := filepath.Base(file)
		err := errors.Join(host.DebFile(name), isDeb(file))
		if first, twice := seen[name]; twice {
			err = fmt.Errorf("%s and %s have the same name, and would be in one folder", first, file)
		}
		seen[name] = file
		if err != nil {
			diags.AddAttributeError(at, unable, connection.Explain(err)+".")
		}
	}
	return diags
}

// debMagic is what every .deb begins with, deb(5).
const debMagic = "!<arch>\ndebian-binary"

func isDeb(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	head := make([]byte, len(debMagic))
	if _, err := io.ReadFull(f, head); err != nil || string(head) != debMagic {
		return fmt.Errorf("%s is not a Debian package", file)
	}
	return nil
}

// prepare refuses a package that is another one than was planned.
func prepare(ctx context.Context, plan *Model, _ hostresource.Context) diag.Diagnostics {
	r, _ := plan.repository()
	files, known := hostresource.Strings(plan.Packages)
	debs, err := plan.debs(ctx, true)
	if err != nil {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("packages"), unable, connection.Explain(err)+".")}
	}
	r.Debs = debs
	var diags diag.Diagnostics
	planned, now := plan.Facts(), r.Desired().Facts()
	for i, file := range files {
		at := path.Root("packages")
		if known {
			at = at.AtListIndex(i)
		}
		fact := host.File{Path: r.Folder() + "/" + filepath.Base(file)}.ID() + ": content"
		if was, ok := planned[fact]; ok && was != now[fact] {
			diags.AddAttributeError(at, "Unable to make the repository as planned", file+" has changed since the plan. Plan again.")
		}
	}
	return diags
}

// debs are the files by name. Where they are not needed, a file that is no longer there has no content.
func (m *Model) debs(ctx context.Context, needed bool) (map[string]*host.Source, error) {
	debs := map[string]*host.Source{}
	files, _ := hostresource.Strings(m.Packages)
	for _, file := range files {
		content, err := host.LocalSource(ctx, file)
		if err != nil && needed {
			return nil, err
		}
		debs[filepath.Base(file)] = content
	}
	return debs, nil
}
