package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/appliance/flowcollector"
)

// previous is the version that upgrades begin at, built from the same source.
const previous = "0.0.9"

const settings = flowcollector.SettingsPath

// TestDebianPackage is the life of the package on a host without Terraform: installation, upgrades that go well and badly, removal, purge.
func TestDebianPackage(t *testing.T) {
	ctx := t.Context()
	folder := t.TempDir()
	collectorPackage(ctx, t, folder)
	version, debs, err := flowcollector.Packages()
	must(t, err)
	before, err := filepath.Glob(filepath.Join(folder, "flowcollector_"+previous+"_*.deb"))
	if err != nil || len(before) != 1 {
		t.Fatalf("packages of version %s: %q, %v", previous, before, err)
	}
	h := startHost(t, "plain")
	copyTo(ctx, t, h, before[0], "/root/old.deb")
	put(ctx, t, h, "/root/new.deb", "0644", debs[runtime.GOARCH])
	bare := list(ctx, t, h)

	install(ctx, t, h, "old.deb")
	first := running(ctx, t, h)
	if first.version != previous || first.enabled != "enabled" {
		t.Fatalf("after the installation: %+v", first)
	}
	// The number is ten times what systemd-analyze shows.
	run(ctx, t, h, "systemd-analyze", "security", "--no-pager", "--threshold=12", flowcollector.Unit)
	for _, command := range []string{
		"test $(stat -c %a:%U /etc/flowcollector/flowcollector.yml) = 644:root",
		"test -s /usr/share/bash-completion/completions/flowcollector",
		"flowcollector check",
	} {
		run(ctx, t, h, "sh", "-c", command)
	}

	if got := string(run(ctx, t, h, "dpkg-query", "-W", "-f", "${Conffiles}", flowcollector.PackageName)); len(strings.Fields(got)) != 2 || strings.Fields(got)[0] != settings {
		t.Errorf("configuration files for dpkg to keep: %q", got)
	}

	// The template is in the first packet only. Those after the upgrade are decoded by what the version before left.
	g, err := acctest.NewNetFlow(ctx, h, "127.0.0.1:2055")
	must(t, err)
	t.Cleanup(func() { must(t, g.Close()) })
	must(t, g.Send())
	waitForRecords(ctx, t, h, acctest.FlowsPerPacket)
	mine := []byte("# mine\nlog: {level: debug}\n")
	put(ctx, t, h, settings, "0644", mine)

	t.Run("upgrade", func(t *testing.T) {
		out := install(ctx, t, h, "new.deb")
		after := running(ctx, t, h)
		if after.version != flatVersion(version) || after.pid == first.pid || after.enabled != "enabled" {
			t.Errorf("after the upgrade: %+v; %s", after, out)
		}
		if got := run(ctx, t, h, "cat", settings); string(got) != string(mine) {
			t.Errorf("the settings are now %q", got)
		}
		must(t, g.Send())
		waitForRecords(ctx, t, h, acctest.FlowsPerPacket)
	})
	t.Run("upgrade with settings that the new version refuses", func(t *testing.T) {
		was := running(ctx, t, h)
		put(ctx, t, h, settings, "0644", []byte("log: {level: loud}\n"))
		out := install(ctx, t, h, "new.deb")
		if !strings.Contains(out, `"loud" is not a level`) || !strings.Contains(out, "goes on running") {
			t.Errorf("dpkg says %s", out)
		}
		if is := running(ctx, t, h); is != was {
			t.Errorf("%+v became %+v", was, is)
		}
	})
	t.Run("upgrade to a service that cannot start", func(t *testing.T) {
		put(ctx, t, h, settings, "0644", []byte("listen: {udp: ['192.0.2.99:2055']}\n")) // an address that the host does not have
		out := install(ctx, t, h, "new.deb")
		if !strings.Contains(out, "did not restart") || !strings.Contains(out, "systemctl status") {
			t.Errorf("dpkg says %s", out)
		}
		put(ctx, t, h, settings, "0644", mine)
		run(ctx, t, h, "systemctl", "restart", flowcollector.Unit)
		running(ctx, t, h)
	})
	t.Run("upgrade of a service that somebody turned off", func(t *testing.T) {
		run(ctx, t, h, "systemctl", "disable", "--now", flowcollector.Unit)
		install(ctx, t, h, "new.deb")
		expectStopped(ctx, t, h, "disabled")
		run(ctx, t, h, "systemctl", "enable", "--now", flowcollector.Unit)
	})
	t.Run("remove", func(t *testing.T) {
		run(ctx, t, h, "dpkg", "--remove", flowcollector.PackageName)
		expectStopped(ctx, t, h, "")
		for _, kept := range []string{settings, "/var/lib/private/flowcollector/exporters.json"} {
			run(ctx, t, h, "test", "-s", kept)
		}
		install(ctx, t, h, "new.deb")
		if again := running(ctx, t, h); again.enabled != "enabled" {
			t.Errorf("installed again: %+v", again)
		}
		if got := run(ctx, t, h, "cat", settings); string(got) != string(mine) {
			t.Errorf("the settings are now %q", got)
		}
	})
	t.Run("purge", func(t *testing.T) {
		run(ctx, t, h, "mkdir", "-p", flowcollector.CredentialDirectory, flowcollector.DropInDirectory)
		put(ctx, t, h, flowcollector.CredentialPath(flowcollector.ElasticsearchPassword), "0600", []byte("secret"))
		put(ctx, t, h, flowcollector.CredentialDropIn, "0644", []byte("[Service]\nLoadCredential="+flowcollector.ElasticsearchPassword+":"+
			flowcollector.CredentialPath(flowcollector.ElasticsearchPassword)+"\n"))
		run(ctx, t, h, "systemctl", "daemon-reload")
		run(ctx, t, h, "systemctl", "restart", flowcollector.Unit)
		own := filepath.Join(flowcollector.Directory, "networks.yml")
		put(ctx, t, h, own, "0644", []byte("[]\n"))
		run(ctx, t, h, "dpkg", "--purge", flowcollector.PackageName)
		// The administrator's own file stays.
		run(ctx, t, h, "rm", own)
		run(ctx, t, h, "rmdir", flowcollector.Directory)
		for _, difference := range bare.Differences(list(ctx, t, h)) {
			t.Error(difference)
		}
		if failed := run(ctx, t, h, "systemctl", "--failed", "--no-legend"); len(failed) > 0 {
			t.Errorf("failed units: %s", failed)
		}
	})
}

// TestRPMScripts runs an rpm's files and scripts as rpm would, on a host with systemd. There is no host of the RHEL family here; how rpm itself takes
// the package is looked at by make dist-check.
func TestRPMScripts(t *testing.T) {
	ctx := t.Context()
	folder := t.TempDir()
	command(ctx, t, "tools/package.sh", "bin/nfpm", "rpm", "bin/flowcollector-"+runtime.GOARCH, runtime.GOARCH, "1.2.3", "bin/package-files", folder)
	rpms, err := filepath.Glob(filepath.Join(folder, "*.rpm"))
	if err != nil || len(rpms) != 1 {
		t.Fatalf("packages: %q, %v", rpms, err)
	}
	h := startHost(t, "rpm")
	bare := list(ctx, t, h)
	command(ctx, t, "rpm2archive", rpms[0])
	copyTo(ctx, t, h, rpms[0]+".tgz", "/root/files.tgz")
	paths := strings.Fields(string(command(ctx, t, "rpm", "-qp", "--qf", "[%{FILENAMES}\n]", rpms[0])))
	script := func(name, installed string) string {
		t.Helper()
		text := command(ctx, t, "rpm", "-qp", "--qf", "%{"+name+"}", rpms[0])
		out, err := h.RunInput(ctx, text, "sh", "-c", "sh -s "+installed+" 2>&1")
		if err != nil {
			t.Fatalf("%s %s: %v: %s", name, installed, err, out)
		}
		return string(out)
	}

	// As the RHEL family has it: nothing starts that nobody asked for.
	run(ctx, t, h, "sh", "-c", "mkdir -p /etc/systemd/system-preset && echo 'disable *' > /etc/systemd/system-preset/99-default.preset")
	run(ctx, t, h, "tar", "-C", "/", "--no-overwrite-dir", "-xzf", "/root/files.tgz")
	script("POSTIN", "1")
	expectStopped(ctx, t, h, "disabled")
	run(ctx, t, h, "systemctl", "enable", "--now", flowcollector.Unit)
	first := running(ctx, t, h)

	script("POSTIN", "2")
	script("PREUN", "1")
	script("POSTUN", "1")
	second := running(ctx, t, h)
	if second.pid == first.pid || second.enabled != "enabled" {
		t.Errorf("an upgrade made %+v of %+v", second, first)
	}
	put(ctx, t, h, settings, "0644", []byte("log: {level: loud}\n"))
	if out := script("POSTIN", "2"); !strings.Contains(out, `"loud" is not a level`) || !strings.Contains(out, "goes on running") {
		t.Errorf("the script says %s", out)
	}
	if is := running(ctx, t, h); is != second {
		t.Errorf("%+v became %+v", second, is)
	}
	put(ctx, t, h, settings, "0644", []byte("listen: {udp: ['192.0.2.99:2055']}\n"))
	if out := script("POSTIN", "2"); !strings.Contains(out, "did not restart") {
		t.Errorf("the script says %s", out)
	}

	script("PREUN", "0")
	expectStopped(ctx, t, h, "disabled")
	for i := range paths {
		path := paths[len(paths)-1-i]
		run(ctx, t, h, "sh", "-c", "if test -d "+path+"; then rmdir "+path+"; else rm "+path+"; fi")
	}
	script("POSTUN", "0")
	// rpm knows no purge.
	run(ctx, t, h, "rm", "-r", "/root/files.tgz", "/etc/systemd/system-preset", "/var/lib/flowcollector", "/var/lib/private/flowcollector")
	for _, difference := range bare.Differences(list(ctx, t, h)) {
		// Folders that belong to no package stay, as those of other programs' completions.
		if !strings.HasPrefix(difference, "new: file /usr/share/") || !strings.Contains(difference, " directory ") {
			t.Error(difference)
		}
	}
}

// collectorPackage builds the previous version's package into a folder.
func collectorPackage(ctx context.Context, t *testing.T, folder string) {
	t.Helper()
	bin := t.TempDir()
	nfpm, err := filepath.Abs(filepath.Join(repository, "bin", "nfpm"))
	must(t, err)
	must(t, os.Symlink(nfpm, filepath.Join(bin, "nfpm")))
	command(ctx, t, "make", "collector-package", "VERSION="+previous, "BIN="+bin, "PACKAGES="+folder, "GOARCH="+runtime.GOARCH)
}

// command runs a program of this machine in the checkout.
func command(ctx context.Context, t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = repository
	if _, ok := os.LookupEnv("SOURCE_DATE_EPOCH"); !ok {
		cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000")
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s%s", cmd, err, out, stderr.String())
	}
	return out
}

func copyTo(ctx context.Context, t *testing.T, h *acctest.Host, file, path string) {
	t.Helper()
	content, err := os.ReadFile(file)
	must(t, err)
	put(ctx, t, h, path, "0644", content)
}

// install gives a package to dpkg, which must end with it installed, and never ask. It returns what was said.
func install(ctx context.Context, t *testing.T, h *acctest.Host, deb string) string {
	t.Helper()
	out, err := h.Run(ctx, "sh", "-c", "dpkg --install /root/"+deb+" 2>&1 </dev/null")
	if err != nil {
		t.Fatalf("dpkg: %v: %s", err, out)
	}
	if state := string(run(ctx, t, h, "dpkg-query", "-W", "-f", "${Status}", flowcollector.PackageName)); state != "install ok installed" {
		t.Fatalf("the package is %q: %s", state, out)
	}
	return string(out)
}

// process is a running collector.
type process struct{ pid, version, enabled string }

// running waits for the service, and says what runs.
func running(ctx context.Context, t *testing.T, h *acctest.Host) (p process) {
	t.Helper()
	waitFor(ctx, t, "the service to run", func() (bool, string) {
		out, err := h.Run(ctx, "systemctl", "is-active", flowcollector.Unit)
		return err == nil, string(out)
	})
	p.pid = strings.TrimSpace(string(run(ctx, t, h, "systemctl", "show", "-p", "MainPID", "--value", flowcollector.Unit)))
	// Also of a program that was replaced on disk.
	p.version = strings.TrimSuffix(strings.Fields(string(run(ctx, t, h, "/proc/"+p.pid+"/exe", "version")))[1], ",")
	p.enabled = strings.TrimSpace(string(run(ctx, t, h, "sh", "-c", "systemctl is-enabled "+flowcollector.Unit+" || true")))
	return p
}

func expectStopped(ctx context.Context, t *testing.T, h *acctest.Host, enabled string) {
	t.Helper()
	out := run(ctx, t, h, "systemctl", "show", "-p", "ActiveState,UnitFileState", "--value", flowcollector.Unit)
	if got := strings.Fields(string(out)); strings.Join(got, " ") != strings.TrimSpace("inactive "+enabled) {
		t.Errorf("the unit is %q", got)
	}
}

// flatVersion is what the program of a package calls itself: without the digest of a development build.
func flatVersion(version string) string {
	version, _, _ = strings.Cut(version, ".g")
	return strings.Replace(version, "~", "-", 1)
}

func waitForRecords(ctx context.Context, t *testing.T, h *acctest.Host, n float64) {
	t.Helper()
	waitFor(ctx, t, "flows to be decoded", func() (bool, string) {
		page := get(ctx, t, h, metricsPage)
		return metric(page, "flowcollector_records_total") == n, page
	})
}
