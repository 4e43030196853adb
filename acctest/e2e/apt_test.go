package e2e

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

const (
	tiny       = "flowstack-tiny"
	tinyConfig = "/etc/flowstack-tiny.conf"
	aptURI     = "http://127.0.0.1:8099"
	// The postinst of this package says that it runs, and waits for word to end: apt and dpkg are at work as long.
	slow      = "flowstack-slow"
	slowBegan = "/run/flowstack-slow-began"
	slowEnd   = "/run/flowstack-slow-end"
)

// TestPackageFromRepository lives the life of a package from a signed repository on a real host, whose apt and dpkg are Debian's.
func TestPackageFromRepository(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "flow1")
	signer, err := acctest.NewAptSigner()
	must(t, err)
	stranger, err := acctest.NewAptSigner()
	must(t, err)
	repository1 := acctest.NewAptRepository(signer)
	must(t, repository1.Add(
		acctest.Deb{Name: "flowstack-needed", Version: "1"},
		acctest.Deb{Name: tiny, Version: "1.0-1", Depends: "flowstack-needed", Files: map[string]string{tinyConfig: "one\n", "/usr/share/flowstack-tiny/one": "1\n"}},
		acctest.Deb{Name: tiny, Version: "1.1-1", Depends: "flowstack-needed", Files: map[string]string{tinyConfig: "two\n", "/usr/share/flowstack-tiny/two": "2\n"}},
		acctest.Deb{Name: slow, Version: "1", Postinst: "#!/bin/sh\ntouch " + slowBegan + "\nwhile [ ! -e " + slowEnd + " ]; do sleep 0.2; done\n"}))
	stop, err := repository1.ServeOn(context.WithoutCancel(ctx), h, "127.0.0.1:8099")
	must(t, err)
	t.Cleanup(func() { must(t, stop()) })
	before := list(ctx, t, h)

	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/package", chain.Variables(h, nil))
	must(t, err)
	cleanup(t, remove)
	tofu.Set("uri", aptURI)
	tofu.Set("package_version", "1.0-1")
	refused := func(what string, words ...string) {
		t.Helper()
		err := tofu.Apply(ctx)
		if err == nil {
			t.Fatalf("%s: the apply succeeds", what)
		}
		for _, word := range words {
			if !strings.Contains(strings.Join(strings.Fields(err.Error()), " "), word) {
				t.Errorf("%s: the error lacks %q: %v", what, word, err)
			}
		}
	}
	is := func(what, version, want string) {
		t.Helper()
		got := string(run(ctx, t, h, "dpkg-query", "-W", "-f", "${Version} ${db:Status-Want} ${db:Status-Status}", tiny))
		if got != version+" "+want+" installed" {
			t.Errorf("%s: the package is %q, want %s and %s", what, got, version, want)
		}
	}
	configured := func(what, want string) {
		t.Helper()
		if got := string(run(ctx, t, h, "cat", tinyConfig)); got != want {
			t.Errorf("%s: the configuration file is %q, want %q", what, got, want)
		}
	}

	// A key that is not the one expected is refused in the plan, and one that did not sign the repository by apt.
	tofu.Set("key", stranger.Key)
	tofu.Set("key_fingerprint", signer.Fingerprint)
	refused("a key with another fingerprint", "Unable to trust the key of the repository", stranger.Fingerprint)
	tofu.Set("key_fingerprint", stranger.Fingerprint)
	refused("a key that signed nothing", "apt-get update", "NO_PUBKEY")
	tofu.Set("key", signer.Key)
	tofu.Set("key_fingerprint", signer.Fingerprint)

	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	is("the installation", "1.0-1", "hold")
	if out := string(run(ctx, t, h, "apt-get", "-y", "upgrade")); !strings.Contains(out, tiny) {
		t.Errorf("apt does not see the newer version: %s", out)
	}
	is("apt-get upgrade", "1.0-1", "hold")

	const address = "flowstack_package.tiny"
	run(ctx, t, h, "apt-mark", "unhold", tiny)
	plan, err := tofu.Plan(ctx)
	must(t, err)
	if was, _ := plan.Changes[address].Before["effective"].(map[string]any); was["package "+tiny+": hold"] != "no" || !slices.Equal(plan.Changes[address].Actions, []string{"update"}) {
		t.Errorf("without the hold the plan is to %v and shows %v", plan.Changes[address].Actions, was)
	}
	must(t, tofu.Apply(ctx))
	is("the hold put back", "1.0-1", "hold")

	mine := "mine\n"
	put(ctx, t, h, tinyConfig, "0644", []byte(mine))
	tofu.Set("package_version", "1.1*")
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	is("the upgrade", "1.1-1", "hold")
	configured("the upgrade", mine)

	tofu.Set("package_version", "1.0-1")
	refused("the downgrade", "version 1.1-1 is installed, which is higher; a downgrade has to be allowed")
	is("the refused downgrade", "1.1-1", "hold")
	tofu.Set("allow_downgrade", "true")
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	is("the downgrade", "1.0-1", "hold")
	configured("the downgrade", mine)

	t.Run("another apt at work", func(t *testing.T) {
		beginSlow(ctx, t, h)
		tofu.Set("package_version", "1.1-1")
		applied := make(chan error, 1)
		go func() { applied <- tofu.Apply(ctx) }()
		waitFor(ctx, t, "the apply to wait for the lock", func() (bool, string) {
			out, err := h.Run(ctx, "sh", "-c", "grep 'locked by another process' /var/cache/apt/.flowstack-"+tiny+"~*/log")
			return err == nil, string(out) + errorText(err)
		})
		is("while another apt is at work", "1.0-1", "hold")
		run(ctx, t, h, "touch", slowEnd)
		must(t, <-applied)
		is("after the other apt", "1.1-1", "hold")
	})
	t.Run("an interrupted installation", func(t *testing.T) {
		run(ctx, t, h, "rm", slowBegan, slowEnd)
		run(ctx, t, h, "dpkg", "--purge", slow)
		beginSlow(ctx, t, h)
		run(ctx, t, h, "systemctl", "kill", "--signal=KILL", slow)
		waitFor(ctx, t, "apt and dpkg to be dead", func() (bool, string) {
			out, err := h.Run(ctx, "pgrep", "-a", "apt-get|dpkg|postinst")
			return err != nil, string(out)
		})
		run(ctx, t, h, "touch", slowEnd)
		tofu.Set("package_version", "1.0-1")
		must(t, tofu.Apply(ctx))
		is("after the interrupted installation", "1.0-1", "hold")
		if got := string(run(ctx, t, h, "dpkg-query", "-W", "-f", "${db:Status-Status}", slow)); got != "installed" {
			t.Errorf("what was interrupted is %s", got)
		}
	})

	run(ctx, t, h, "dpkg", "--purge", slow)
	must(t, tofu.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy: " + difference)
	}
	if left := string(run(ctx, t, h, "find", "/var/lib/apt", "/var/cache/apt", "-name", "*flowstack*.fetched*", "-o", "-name", ".flowstack*", "-o", "-name", "127.0.0.1*")); left != "" {
		t.Errorf("after the destroy there is still %s", left)
	}
}

// TestPackageFromFiles installs from files alone.
func TestPackageFromFiles(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "flow1")
	folder := t.TempDir()
	write := func(deb acctest.Deb) string {
		t.Helper()
		_, content, err := deb.Build()
		must(t, err)
		file := filepath.Join(folder, deb.Name+"_"+deb.Version+"_all.deb")
		must(t, os.WriteFile(file, content, 0o600))
		return file
	}
	needed := write(acctest.Deb{Name: "flowstack-needed", Version: "1", Files: map[string]string{"/etc/flowstack-needed.conf": "as packaged\n"}})
	one := write(acctest.Deb{Name: tiny, Version: "1.0-1", Depends: "flowstack-needed", Files: map[string]string{tinyConfig: "one\n"}})
	two := write(acctest.Deb{Name: tiny, Version: "1.1-1", Depends: "flowstack-needed", Files: map[string]string{tinyConfig: "two\n"}})
	// What the package needs was there once, and was removed without its configuration, which somebody had changed.
	copyTo(ctx, t, h, needed, "/root/needed.deb")
	run(ctx, t, h, "sh", "-ec", "dpkg --install /root/needed.deb; echo mine >/etc/flowstack-needed.conf; dpkg --remove flowstack-needed; rm /root/needed.deb")
	before := list(ctx, t, h)

	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/packages", chain.Variables(h, nil))
	must(t, err)
	cleanup(t, remove)
	for _, step := range []struct {
		version string
		files   []string
	}{{"1.0-1", []string{needed, one}}, {"1.1-1", []string{needed, two}}} {
		files, err := json.Marshal(step.files)
		must(t, err)
		tofu.Set("packages", string(files))
		tofu.Set("package_version", step.version)
		must(t, tofu.Apply(ctx))
		expectNothingToDo(ctx, t, tofu)
		if got := string(run(ctx, t, h, "dpkg-query", "-W", "-f", "${Version} ${db:Status-Want}", tiny)); got != step.version+" hold" {
			t.Errorf("the package is %q, want %s", got, step.version)
		}
		if got := strings.Fields(string(run(ctx, t, h, "ls", "/var/lib/apt/flowstack-files"))); len(got) != len(step.files)+1 {
			t.Errorf("in the folder are %q", got)
		}
	}
	must(t, tofu.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy: " + difference)
	}
	if left := string(run(ctx, t, h, "find", "/var/lib/apt", "-name", "*flowstack*")); left != "" {
		t.Errorf("after the destroy there is still %s", left)
	}
}

// beginSlow installs a package by hand, which goes on until slowEnd is there.
func beginSlow(ctx context.Context, t *testing.T, h *acctest.Host) {
	t.Helper()
	run(ctx, t, h, "systemd-run", "--quiet", "--collect", "--unit="+slow, "--setenv=DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "install", slow)
	waitFor(ctx, t, "the installation by hand", func() (bool, string) {
		out, err := h.Run(ctx, "test", "-e", slowBegan)
		return err == nil, string(out)
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
