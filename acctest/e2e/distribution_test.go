package e2e

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
	"github.com/flowstack/terraform-provider-flowstack/appliance/firewall"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// TestDistributions lives a short life of the resources of a host on each distribution that is supported besides the one of all other tests: their
// apt, dpkg, systemd, sudo, nftables and OpenSSH answer in their own ways.
func TestDistributions(t *testing.T) {
	for _, d := range []acctest.Distribution{acctest.Debian13, acctest.Ubuntu2204, acctest.Ubuntu2404} {
		t.Run(d.Suite, func(t *testing.T) { testDistribution(t, d) })
	}
}

func testDistribution(t *testing.T, d acctest.Distribution) {
	t.Helper()
	ctx := t.Context()
	h, err := acctest.StartHost(ctx, acctest.HostOptions{Name: d.Suite, Distribution: d, Log: t.Logf})
	must(t, err)
	cleanup(t, h.Stop)
	signer, err := acctest.NewAptSigner()
	must(t, err)
	packages := acctest.NewAptRepository(signer)
	must(t, packages.Add(
		acctest.Deb{Name: "flowstack-needed", Version: "1"},
		acctest.Deb{Name: "flowstack-needed", Version: "2"},
		acctest.Deb{Name: tiny, Version: "1.0-1", Depends: "flowstack-needed", Files: map[string]string{tinyConfig: "one\n"}},
		acctest.Deb{Name: tiny, Version: "1.1-1", Depends: "flowstack-needed", Files: map[string]string{tinyConfig: "two\n"}}))
	stop, err := packages.ServeOn(context.WithoutCancel(ctx), h, "127.0.0.1:8099")
	must(t, err)
	t.Cleanup(func() { must(t, stop()) })
	put(ctx, t, h, "/etc/apt/apt.conf.d/60lab", "0644", []byte("Unattended-Upgrade::Origins-Pattern { \"origin=flowstack tests\"; };\n"))
	logInOnce(ctx, t, h)
	before := list(ctx, t, h)

	variables := chain.Variables(h, nil)
	maps.Copy(variables, map[string]string{
		"sudo_password": acctest.OperatorPassword, "uri": aptURI, "key": signer.Key, "key_fingerprint": signer.Fingerprint,
	})
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/distribution", variables)
	must(t, err)
	cleanup(t, remove)
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	tell := func(script string) string {
		t.Helper()
		return strings.TrimSpace(string(run(ctx, t, h, "sh", "-c", script)))
	}
	for what, c := range map[string]struct{ script, want string }{
		"file":       {"stat -c '%U:%G %a' /srv/lab/greeting; cat /srv/lab/greeting", "admin:root 644\nhello"},
		"package":    {"dpkg-query -W -f '${Version} ${db:Status-Want}' " + tiny, "1.0-1 hold"},
		"units":      {"systemctl is-active lab ssh flowcollector flowstack-firewall; systemctl is-enabled lab", "active\nactive\nactive\nactive\nenabled"},
		"limits":     {`awk '/open files/ {print $4 ":" $5}' /proc/$(systemctl show -p MainPID --value lab)/limits`, "4096:8192"},
		"dropin":     {`tr '\0' '\n' </proc/$(systemctl show -p MainPID --value lab)/environ | grep GREETING`, "GREETING=hello"},
		"firewall":   {"nft list chain inet flowstack group_flows | grep -c drop", "1"},
		"no failure": {"systemctl --failed --no-legend", ""},
	} {
		if got := tell(c.script); got != c.want {
			t.Errorf("%s: the host says %q, want %q", what, got, c.want)
		}
	}
	distribution, err := tofu.Output(ctx, "distribution")
	must(t, err)
	if id, version, _ := strings.Cut(d.Name, " "); !strings.Contains(distribution, `"id":"`+strings.ToLower(id)+`"`) || !strings.Contains(distribution, `"version":"`+version+`"`) {
		t.Errorf("the data source says %s", distribution)
	}

	// By hand, all of it at once; each is named, and put right.
	tell("echo HELLO >/srv/lab/greeting; apt-mark -q unhold " + tiny + "; systemctl -q disable lab; systemctl stop flowstack-firewall; rm -r /etc/systemd/system/lab.service.d/50-greeting.conf")
	plan, err := tofu.Plan(ctx)
	must(t, err)
	for address, drift := range map[string]struct{ fact, found string }{
		"flowstack_file.greeting":      {"file /srv/lab/greeting: content", "sha256:3b09aeb6f5f5336b (6 bytes)"},
		"flowstack_package.tiny":       {"package " + tiny + ": hold", "no"},
		"flowstack_systemd_unit.lab":   {"unit lab.service: enabled", "disabled"},
		"flowstack_systemd_dropin.lab": {"file /etc/systemd/system/lab.service.d/50-greeting.conf", "absent"},
		"flowstack_firewall.this":      {"table inet flowstack", "absent"},
	} {
		change := plan.Changes[address]
		was, _ := change.Before["effective"].(map[string]any)
		if !slices.Equal(change.Actions, []string{"update"}) || was[drift.fact] != drift.found {
			t.Errorf("the plan is to %v %s and shows %v for %q, want %q", change.Actions, address, was[drift.fact], drift.fact, drift.found)
		}
	}
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	tofu.Set("greeting", "again")
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	if got := tell(`cat /srv/lab/greeting; tr '\0' '\n' </proc/$(systemctl show -p MainPID --value lab)/environ | grep GREETING`); got != "again\nGREETING=again" {
		t.Errorf("after the update the host says %q", got)
	}

	if d.Unattended {
		testUnattendedUpgrades(ctx, t, h)
		expectNothingToDo(ctx, t, tofu)
	}

	must(t, tofu.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy: " + difference)
	}
	testTerminal(ctx, t, h)
	testPortOfSSH(ctx, t, h)
}

// testPortOfSSH: whether sshd listens itself or systemd for it, the firewall does not take its port.
func testPortOfSSH(ctx context.Context, t *testing.T, h *acctest.Host) {
	t.Helper()
	_, err := host.Apply(ctx, connect(t, h, h.Address.String(), h.Port), firewall.Desired(firewall.Spec{"ssh": {TCP: []uint16{firewall.SSH}}}))
	if err == nil || !strings.Contains(err.Error(), "TCP port 22 is the SSH server's") {
		t.Errorf("a firewall for the port of SSH: %v", err)
	}
	if _, err := h.Run(ctx, "true"); err != nil {
		t.Errorf("SSH: %v", err)
	}
}

// testTerminal brings a file to the host by a sudo that insists on a terminal: script(1) is another one on each distribution.
func testTerminal(ctx context.Context, t *testing.T, h *acctest.Host) {
	t.Helper()
	run(ctx, t, h, "sh", "-ec", terminalUsers)
	for user, password := range map[string]string{"terminal": "", "terminal2": acctest.OperatorPassword} {
		c, err := ssh.New(ssh.Config{
			User: user, Host: h.Address.String(), Port: h.Port, HostKeys: []string{h.HostKey}, PrivateKey: string(h.PrivateKey), SudoPassword: password,
		})
		must(t, err)
		path := "/etc/for-" + user
		_, err = host.Apply(ctx, c, host.Desired{host.File{Path: path, Content: awkwardContent}})
		must(t, errors.Join(err, c.Close()))
		if out := run(ctx, t, h, "cat", path); !bytes.Equal(out, awkwardContent) {
			t.Errorf("%s is another file on the host, with %d octets", path, len(out))
		}
	}
}

// testUnattendedUpgrades lets the real unattended-upgrades run: it moves what nobody holds, and not the package that is held.
func testUnattendedUpgrades(ctx context.Context, t *testing.T, h *acctest.Host) {
	t.Helper()
	const needed = "flowstack-needed"
	version := func(name string) string {
		t.Helper()
		return string(run(ctx, t, h, "dpkg-query", "-W", "-f", "${Version}", name))
	}
	run(ctx, t, h, "sh", "-ec", "apt-get -qq -y --allow-downgrades install "+needed+"=1; apt-mark -q auto "+needed)
	if got := version(needed); got != "1" {
		t.Fatalf("%s is at %s", needed, got)
	}
	said := run(ctx, t, h, "unattended-upgrade", "--verbose")
	if got := version(needed); got != "2" {
		t.Errorf("unattended-upgrades left %s at %s, so it moves nothing: %s", needed, got, said)
	}
	if got := version(tiny); got != "1.0-1" {
		t.Errorf("unattended-upgrades moved the held package to %s: %s", got, said)
	}
	run(ctx, t, h, "apt-mark", "-q", "unhold", tiny)
	said = run(ctx, t, h, "unattended-upgrade", "--verbose", "--dry-run")
	run(ctx, t, h, "apt-mark", "-q", "hold", tiny)
	if !strings.Contains(string(said), tiny) {
		t.Errorf("without the hold unattended-upgrades would leave the package, too: %s", said)
	}
}

// logInOnce lets a system make what it makes at the first login of a user: Ubuntu's notes that the message of the day was seen.
func logInOnce(ctx context.Context, t *testing.T, h *acctest.Host) {
	t.Helper()
	c, err := ssh.New(ssh.Config{User: "operator", Host: h.Address.String(), Port: h.Port, HostKeys: []string{h.HostKey}, PrivateKey: string(h.PrivateKey)})
	must(t, err)
	_, err = c.Run(ctx, ssh.Command{Argv: []string{"true"}})
	must(t, errors.Join(err, c.Close()))
}
