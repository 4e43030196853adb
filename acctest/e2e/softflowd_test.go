package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporterconfig"
)

// TestSoftflowd has one apply install Debian's softflowd and the collector on a host, and end when flows have arrived. A change by hand is drift by its flag, an interface that
// there is not an error with the journal's words, and a destroy leaves nothing.
func TestSoftflowd(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "flow1")
	signer, err := acctest.NewAptSigner()
	must(t, err)
	debs := acctest.NewAptRepository(signer)
	must(t, debs.AddFiles(ctx, download(ctx, t, "softflowd", "libpcap0.8", "libdbus-1-3")...))
	stop, err := debs.ServeOn(context.WithoutCancel(ctx), h, "127.0.0.1:8099")
	must(t, err)
	t.Cleanup(func() { must(t, stop()) })
	// It is on every Debian but for the smallest, and important: apt does not take it away again.
	netbase, err := os.ReadFile(download(ctx, t, "netbase")[0])
	must(t, err)
	put(ctx, t, h, "/root/netbase.deb", "0644", netbase)
	run(ctx, t, h, "dpkg", "-i", "/root/netbase.deb")
	before := list(ctx, t, h)

	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/softflowd", chain.Variables(h, nil))
	must(t, err)
	cleanup(t, remove)
	for name, value := range map[string]string{"uri": aptURI, "key": signer.Key, "key_fingerprint": signer.Fingerprint, "interface": "lo"} {
		tofu.Set(name, value)
	}
	// softflowd gets packets in full blocks of 128 KiB.
	run(ctx, t, h, "systemd-run", "--quiet", "--unit=traffic", "bash", "-c", "while :; do echo >/dev/udp/127.0.0.1/9; sleep 0.01; done")
	must(t, tofu.Apply(ctx))
	flows, err := tofu.Output(ctx, "flows")
	must(t, err)
	if n, err := strconv.Atoi(flows); err != nil || n == 0 {
		t.Errorf("%s flows have been seen", flows)
	}
	waitFor(ctx, t, "the collector to have kept a flow", func() (bool, string) {
		found := string(run(ctx, t, h, "flowcollector", "flows", "--since", "1d", "--limit", "1", "--json"))
		return strings.Contains(found, `"127.0.0.1"`), found
	})

	run(ctx, t, h, "sed", "-i", "s/-n 127.0.0.1:2055/-n 127.0.0.1:2066/", "/etc/softflowd/own.conf")
	plan, err := tofu.Plan(ctx)
	must(t, err)
	was, _ := plan.Changes["flowstack_softflowd.this"].Before["effective"].(map[string]any)
	if got := was["file /etc/softflowd/own.conf: -n"]; got != "127.0.0.1:2066" {
		t.Errorf("the plan shows %v for the collector's address", got)
	}
	must(t, tofu.Apply(ctx))
	if got := string(run(ctx, t, h, "sh", "-c", "tr '\\0' ' ' </proc/$(systemctl show -p MainPID --value softflowd@own)/cmdline")); !strings.Contains(got, "-n 127.0.0.1:2055 -v 9") ||
		!strings.HasSuffix(got, " -m 16384 -T vlan -6 -- udp and (ip[8] & 1 = 0 or not port 2055) ") {
		t.Errorf("it runs as %s", got)
	}

	tofu.Set("interface", "eth9")
	expectError(t, tofu.Apply(ctx), "softflowd@own.service", "pcap_activate: No such device exists")
	tofu.Set("interface", "lo")
	must(t, tofu.Apply(ctx))
	run(ctx, t, h, "systemctl", "stop", "traffic")
	testSoftflowdByHand(ctx, t, h)

	must(t, tofu.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy: " + difference)
	}
}

// testSoftflowdByHand follows what exporter-config writes, and what it writes to take it away again: also what Debian's generator makes of a settings file.
func testSoftflowdByHand(ctx context.Context, t *testing.T, h *acctest.Host) {
	t.Helper()
	config, err := exporterconfig.Render("softflowd", exporterconfig.Settings{Collector: "127.0.0.1", Interfaces: []string{"lo"}})
	must(t, err)
	const settings, unit = "/etc/softflowd/lo.conf", "softflowd@lo"
	put(ctx, t, h, settings, "0644", []byte(config.Configuration))
	run(ctx, t, h, "systemctl", "enable", "--now", unit)
	run(ctx, t, h, "systemctl", "is-active", unit)
	run(ctx, t, h, "sh", "-ec", config.Removal)
	left := string(run(ctx, t, h, "sh", "-c", "systemctl is-active "+unit+"; systemctl is-enabled "+unit+"; ls "+settings+" 2>/dev/null; true"))
	if left != "inactive\ndisabled\n" {
		t.Errorf("after the removal: %s", left)
	}
}

// download gets packages of this machine's own release from its repositories.
func download(ctx context.Context, t *testing.T, names ...string) []string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "lists", "partial"), 0o755)) // the machine's own may be old, or empty
	for _, args := range [][]string{{"update"}, append([]string{"download"}, names...)} {
		cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-o", "APT::Sandbox::User=root", "-o", "Dir::State::Lists=" + dir + "/lists", "-o", "Dir::Cache=" + dir, "-q"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	must(t, err)
	if len(files) != len(names) {
		t.Fatalf("%d packages were downloaded, not %d", len(files), len(names))
	}
	return files
}
