package image

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tree makes a root file system of files, by name; what ends with a slash is a folder, a content that begins with "-> " a link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		grow(t, root, name, content)
	}
	return root
}

func grow(t *testing.T, root, name, content string) {
	t.Helper()
	path := filepath.Join(root, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		to, link := strings.CutPrefix(content, "-> ")
		switch {
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		case link:
			err = os.Symlink(to, path)
		default:
			err = os.WriteFile(path, []byte(content), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// listed is what a folder has in it, as tree takes it.
func listed(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			found[name+"/"] = ""
		case d.Type() == fs.ModeSymlink:
			to, err := os.Readlink(path)
			found[name] = "-> " + to
			return err
		default:
			content, err := os.ReadFile(path)
			found[name] = string(content)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// program runs one of the appliance's scripts.
func program(t *testing.T, name string, args ...string) ([]byte, error) {
	t.Helper()
	script, err := files.ReadFile("files/usr/lib/flowstack/" + name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-s", "--"}, args...)...)
	cmd.Stdin = bytes.NewReader(script)
	return cmd.CombinedOutput()
}

func mustRun(t *testing.T, name string, args ...string) {
	t.Helper()
	if said, err := program(t, name, args...); err != nil {
		t.Fatalf("%s: %v: %s", name, err, said)
	}
}

// finish runs customize.sh for a root file system that has the appliance's files, with a chroot that does nothing, and returns what it wrote.
func finish(t *testing.T, root string) {
	t.Helper()
	work := t.TempDir()
	var over bytes.Buffer
	if err := overlay(&over, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"overlay.tar": over.String(), "customize.sh": customize, "chroot": "#!/bin/sh\n"} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, argv := range [][]string{{"tar", "--no-same-owner", "-C", root, "-xf", filepath.Join(work, "overlay.tar")}, {"sh", filepath.Join(work, "customize.sh"), root}} {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1", "PATH="+work+":"+os.Getenv("PATH"))
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", argv[0], err, said)
		}
	}
}

// newSystem is a system as mmdebstrap leaves it to customize.sh.
func newSystem(t *testing.T) string {
	t.Helper()
	return tree(t, map[string]string{
		"flowcollector.deb": "", "var/log/dpkg.log": "x", "var/cache/debconf/": "", "var/lib/dpkg/info/base-files.list": "/.\n/etc\n/etc/debian_version\n",
		"tmp/": "", "var/lib/apt/lists/x": "x", "etc/debian_version": "13\n", "etc/apt/apt.conf.d/99mmdebstrap": "Acquire::Check-Valid-Until \"false\";\n",
		"etc/flowcollector/flowcollector.yml": "# settings\n", "etc/ssh/ssh_host_ed25519_key": "the builder's", "etc/passwd-": "older",
		"etc/systemd/system/multi-user.target.wants/ssh.service": "-> /usr/lib/systemd/system/ssh.service", "etc/ssl/certs/": "", "etc/alternatives/": "",
		"etc/apt/sources.list": "deb http://m.example trixie main\n",
	})
}

// TestBuildLeavesNothingOfItself: what mmdebstrap and packages made while the image was built is not in it.
func TestBuildLeavesNothingOfItself(t *testing.T) {
	root := newSystem(t)
	finish(t, root)
	for _, name := range []string{"etc/apt/apt.conf.d/99mmdebstrap", "etc/apt/sources.list", "etc/ssh/ssh_host_ed25519_key", "etc/passwd-", "flowcollector.deb", "var/log/dpkg.log"} {
		if _, err := os.Lstat(filepath.Join(root, name)); err == nil {
			t.Errorf("%s is there", name)
		}
	}
}

// TestKeysAfterPowerCut: an empty file of keys goes, with cloud-init's marks; one with keys stays.
func TestKeysAfterPowerCut(t *testing.T) {
	const keys, mark, other = "root/.ssh/authorized_keys", "var/lib/cloud/instances/one/sem/config_ssh", "var/lib/cloud/instances/one/sem/config_growpart"
	for content, there := range map[string]bool{"": false, "ssh-ed25519 AAAA\n": true} {
		root := tree(t, map[string]string{keys: content, mark: "1", other: "1"})
		mustRun(t, "appliance-keys", root)
		found := listed(t, root)
		for name, want := range map[string]bool{keys: there, mark: there, other: true} {
			if _, is := found[name]; is != want {
				t.Errorf("%q: %s: %v, want %v", content, name, is, want)
			}
		}
	}
	mustRun(t, "appliance-keys", t.TempDir())
}

// TestNetworkOfOthersComesFirst: networkd takes the first file that is for a link, by name.
func TestNetworkOfOthersComesFirst(t *testing.T) {
	own, err := files.ReadDir("files/etc/systemd/network")
	if err != nil || len(own) != 1 {
		t.Fatalf("%v, %v", own, err)
	}
	for _, other := range []string{"10-cloud-init-ens3.network", "80-static.network", "ens3.network", "static.network", "wan.network"} {
		if own[0].Name() <= other {
			t.Errorf("%s is before %s", own[0].Name(), other)
		}
	}
}
