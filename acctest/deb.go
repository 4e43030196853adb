package acctest

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// Deb is a package to build, for all architectures.
type Deb struct {
	Name, Version string
	Depends       string
	Files         map[string]string // absolute path → content; those below /etc are configuration files, those in bin and sbin programs
	Postinst      string            // a script; empty: none
}

// Build gives the package's control file and the package.
func (d Deb) Build() (control string, content []byte, err error) {
	control = fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: flowstack tests <tests@flowstack.example>\n", d.Name, d.Version)
	if d.Depends != "" {
		control += "Depends: " + d.Depends + "\n"
	}
	control += "Description: a package for tests\n"
	parts := map[string]string{"control": control}
	if d.Postinst != "" {
		parts["postinst"] = d.Postinst
	}
	tree := debTree{}
	for name, text := range d.Files {
		file := debFile{content: []byte(text)}
		if folder := path.Base(path.Dir(name)); folder == "bin" || folder == "sbin" {
			file.mode = 0o755
		}
		tree[name] = file
		if strings.HasPrefix(name, "/etc/") {
			parts["conffiles"] += name + "\n"
		}
	}
	var out bytes.Buffer
	err = writeDeb(&out, parts, tree)
	return control, out.Bytes(), err
}

// debFile is a file or a directory of a package.
type debFile struct {
	content []byte
	source  string      // the file of this machine whose content it has, instead
	link    string      // what it is a symbolic link to, instead
	mode    fs.FileMode // with fs.ModeDir, a directory; 0: 0644, and 0755 for a directory
	owner   string      // empty: root
	group   string      // empty: root. dpkg goes by the names
}

// debTree is what a package installs, by absolute path. The directories above what is named belong to root.
type debTree map[string]debFile

// debScripts are the parts of a package's control archive that dpkg runs.
var debScripts = []string{"preinst", "postinst", "prerm", "postrm"}

// writeDeb writes a binary package: deb(5). Control are the files of its control archive, by name. Owners need not exist on this machine, which is
// more than dpkg-deb can do.
func writeDeb(w io.Writer, control map[string]string, tree debTree) error {
	parts := debTree{}
	for name, text := range control {
		mode := fs.FileMode(0o644)
		if slices.Contains(debScripts, name) {
			mode = 0o755
		}
		parts["/"+name] = debFile{content: []byte(text), mode: mode}
	}
	archive := &arWriter{w: w}
	archive.magic()
	archive.member("debian-binary", []byte("2.0\n"))
	for _, member := range []struct {
		name string
		tree debTree
	}{{"control.tar.gz", parts}, {"data.tar.gz", tree}} {
		content, err := member.tree.archive()
		if err != nil {
			return fmt.Errorf("%s: %w", member.name, err)
		}
		archive.member(member.name, content)
	}
	return archive.err
}

// archive is the tree as a compressed tar, sorted, so that directories come before what is in them.
func (t debTree) archive() ([]byte, error) {
	all := maps.Clone(t)
	for name := range t {
		for dir := path.Dir(name); ; dir = path.Dir(dir) {
			if _, named := all[dir]; !named {
				all[dir] = debFile{mode: fs.ModeDir | 0o755}
			}
			if dir == "/" {
				break
			}
		}
	}
	var out bytes.Buffer
	// The packages are built and unpacked once, on one machine.
	compress, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(compress)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := all[name].writeTo(w, "."+name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	err = errors.Join(w.Close(), compress.Close())
	return out.Bytes(), err
}

func (f debFile) writeTo(w *tar.Writer, name string) error {
	content := f.content
	if f.source != "" {
		var err error
		if content, err = os.ReadFile(f.source); err != nil {
			return err
		}
	}
	h := &tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: int64(f.mode.Perm()), ModTime: time.Unix(0, 0), Format: tar.FormatGNU,
		Uname: cmp.Or(f.owner, "root"), Gname: cmp.Or(f.group, "root"),
	}
	switch {
	case f.mode.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, strings.TrimSuffix(name, "/")+"/"
	case f.link != "":
		h.Typeflag, h.Linkname = tar.TypeSymlink, f.link
	case f.mode == 0:
		h.Mode = 0o644
	}
	if f.mode&fs.ModeSetgid != 0 {
		h.Mode |= 0o2000
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

// arWriter writes the archive that a package is: ar(5). The first error stays.
type arWriter struct {
	w   io.Writer
	err error
}

func (a *arWriter) magic() { a.write([]byte("!<arch>\n")) }

func (a *arWriter) member(name string, content []byte) {
	a.write(fmt.Appendf(nil, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", name, 0, 0, 0, 0o100644, len(content)))
	a.write(content)
	if len(content)%2 != 0 {
		a.write([]byte("\n"))
	}
}

func (a *arWriter) write(b []byte) {
	if a.err == nil {
		_, a.err = a.w.Write(b)
	}
}
