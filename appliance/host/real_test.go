package host_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// counted counts round trips.
type counted struct {
	host.Runner
	runs int
}

func (c *counted) Run(ctx context.Context, command ssh.Command) (ssh.Result, error) {
	c.runs++
	return c.Runner.Run(ctx, command)
}

// service is a program that says how it is over sd_notify, for want of a setting refuses to start, and has a secret.
const service = `#!/bin/sh
case $1 in
check) grep -q '^port = [0-9]*$' "$2" || { echo "$2: no port" >&2; exit 2; }; exit ;;
esac
if grep -q 'port = 1$' /etc/demo/settings; then
	systemd-notify --status="cannot listen on port 1: address already in use"
	echo "demo: port 1 is taken" >&2
	exit 4
fi
[ "$(cat "$CREDENTIALS_DIRECTORY/password")" = hunter2 ] || exit 5
systemd-notify --ready --status="serving"
exec sleep infinity
`

const serviceUnit = `[Unit]
Description=A program to try things on
[Service]
Type=notify
NotifyAccess=all
DynamicUser=yes
StateDirectory=demo
ExecStart=/usr/bin/demo run
[Install]
WantedBy=multi-user.target
`

// demoPackage builds a Debian package with a program and its unit.
func demoPackage(t *testing.T, version string) []byte {
	t.Helper()
	_, content, err := acctest.Deb{Name: "demo", Version: version, Files: map[string]string{
		"/usr/bin/demo": service, "/lib/systemd/system/demo.service": serviceUnit,
	}}.Build()
	if err != nil {
		t.Fatal(err)
	}
	return content
}

type realHost struct {
	t *testing.T
	h *acctest.Host
	*counted
}

// start starts a host and connects to it as a user that needs sudo.
func start(t *testing.T) *realHost {
	t.Helper()
	h, err := acctest.StartHost(t.Context(), acctest.HostOptions{Name: "engine", Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	client, err := ssh.New(ssh.Config{
		Host: h.Address.String(), Port: h.Port, User: "operator", SudoPassword: acctest.OperatorPassword,
		HostKeys: []string{h.HostKey}, PrivateKey: string(h.PrivateKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return &realHost{t, h, &counted{Runner: client}}
}

func (r *realHost) sh(script string) string {
	r.t.Helper()
	out, err := r.h.Run(r.t.Context(), "sh", "-c", script)
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// listing is what Remove has to bring back: files with their attributes, packages and units.
func (r *realHost) listing() string {
	r.t.Helper()
	return r.sh(`find /etc /usr /lib /opt /root /home /srv /var -xdev -path /var/log -prune -o -path /var/cache -prune -o -path /var/lib/apt -prune -o \
		-path /var/lib/dpkg -prune -o -path /var/lib/systemd -prune -o -path /var/lib/sudo -prune -o -printf '%p %y %m %u %g %l\n' | sort
		dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n'; systemctl list-unit-files --no-legend --no-pager; ls -A /var/cache/apt | grep flowstack || :`)
}

func (r *realHost) apply(desired host.Desired, runs int) host.Observation {
	r.t.Helper()
	r.runs = 0
	o, err := host.Apply(r.t.Context(), r, desired)
	if err != nil {
		r.t.Fatal(err)
	}
	if diff := cmp.Diff(desired.Facts(), o.Facts); diff != "" {
		r.t.Error(diff)
	}
	if runs > 0 && r.runs != runs {
		r.t.Errorf("%d round trips, want %d", r.runs, runs)
	}
	return o
}

func (r *realHost) drift(desired host.Desired) []string {
	r.t.Helper()
	o, err := host.Probe(r.t.Context(), r, desired)
	if err != nil {
		r.t.Fatal(err)
	}
	changes := o.Facts.Changes(desired.Facts())
	drift := make([]string, 0, len(changes))
	for _, change := range changes {
		drift = append(drift, fmt.Sprintf("%s: %s → %s", change.Fact, change.From, change.To))
	}
	return drift
}

func demo(deb []byte, version, settings, password string) host.Desired {
	return host.Desired{
		host.Package{Name: "demo", Version: version, Debs: map[string][]byte{"all": deb}},
		host.Directory{Path: "/etc/demo"},
		host.File{Path: "/etc/demo/password", Content: []byte(password), Mode: 0o600, Secret: true, SecretRevision: "1"},
		host.Directory{Path: "/etc/systemd/system/demo.service.d"},
		host.File{
			Path: "/etc/systemd/system/demo.service.d/credentials.conf", Format: host.UnitFileFormat{},
			Content: []byte("[Service]\nLoadCredential=password:/etc/demo/password\n"),
		},
		host.File{
			Path: "/etc/demo/settings", Content: []byte(settings), Format: host.SysctlFormat{},
			Validate: []string{"/usr/bin/demo", "check", "{}"},
		},
		host.Unit{Name: "demo.service", Enabled: true, Active: true, Inputs: []string{"/etc/demo/settings", "/etc/demo/password"}, Clean: true},
	}
}

// TestReal is the life of a service on a host with a real systemd, dpkg, sshd and sudo.
func TestReal(t *testing.T) {
	r := start(t)
	deb := demoPackage(t, "1.0")
	desired := demo(deb, "1.0", "port = 2055\n", "hunter2")
	before := r.listing()
	first := r.apply(desired, 0)
	if got := r.sh("systemctl is-active demo; systemctl show -p StatusText --value demo; ls -A /var/cache/apt | grep flowstack || :"); got != "active\nserving" {
		t.Errorf("after the first Apply: %q", got)
	}
	if first.System.ID != "debian" || first.System.Virtualization != "systemd-nspawn" || first.System.Architecture == "" || first.System.MemoryBytes == 0 {
		t.Errorf("system %+v", first.System)
	}
	r.apply(desired, 1)

	r.testDrift(desired)
	r.testRestarts(desired, deb)
	r.testFailures(desired, deb)

	newer := demo(demoPackage(t, "1.1"), "1.1", "port = 2055\n", "hunter2")
	if drift := r.drift(newer); !cmp.Equal(drift, []string{"package demo: 1.0 → 1.1"}) {
		t.Errorf("an upgrade shows as %q", drift)
	}
	r.apply(newer, 0)
	_, err := host.Apply(t.Context(), r, desired)
	if err == nil || !strings.Contains(err.Error(), "allow-downgrades") {
		t.Errorf("a downgrade: %v", err)
	}

	if err := host.Remove(t.Context(), r, newer, first.Before); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, r.listing()); diff != "" {
		t.Errorf("after Remove the host is not as it was:\n%s", diff)
	}
	if _, err := host.Apply(t.Context(), r, host.Desired{host.Sysctl{Key: "vm.max_map_count", Value: "262145"}}); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("a sysctl in a container: %v", err)
	}
}

func (r *realHost) testDrift(desired host.Desired) {
	t := r.t
	t.Helper()
	for _, by := range []struct{ hand, shows string }{
		{"echo 'port = 2056' > /etc/demo/settings", "file /etc/demo/settings: port: 2056 → 2055; unit demo.service: configuration: stale: /etc/demo/settings is newer → current"},
		{"systemctl disable -q demo", "unit demo.service: enabled: disabled → enabled"},
		{"systemctl disable -q demo; systemctl mask -q demo", "unit demo.service: configuration: stale: its unit files changed and were not reloaded → current; unit demo.service: enabled: masked → enabled"},
		{"systemctl stop demo", "unit demo.service: active: inactive → active; unit demo.service: configuration: not running → current"},
		{"chmod 644 /etc/demo/password", "file /etc/demo/password: mode: 0644 → 0600; unit demo.service: configuration: stale: /etc/demo/password is newer → current"},
		{
			"printf '[Service]\\nLimitNOFILE=1024\\n' > /etc/systemd/system/demo.service.d/by-hand.conf",
			"unit demo.service: configuration: stale: its unit files changed and were not reloaded → current",
		},
		{
			"rm /etc/systemd/system/demo.service.d/by-hand.conf",
			"unit demo.service: configuration: stale: its unit files changed and were not reloaded → current",
		},
		{"touch /usr/bin/demo", "unit demo.service: configuration: stale: /usr/bin/demo is newer → current"},
	} {
		r.sh(by.hand)
		if drift := strings.Join(r.drift(desired), "; "); drift != by.shows {
			t.Errorf("after %q there is drift %q, want %q", by.hand, drift, by.shows)
		}
		r.apply(desired, 0)
		r.apply(desired, 1)
	}
}

// testRestarts: several changed files are one restart, none is none.
func (r *realHost) testRestarts(desired host.Desired, deb []byte) {
	t := r.t
	t.Helper()
	r.sh("journalctl --rotate -q --vacuum-time=1us >/dev/null 2>&1; journalctl --sync")
	r.sh("echo 'port = 1234' > /etc/demo/settings; chmod 640 /etc/demo/password /etc/systemd/system/demo.service.d/credentials.conf")
	r.apply(desired, 0)
	r.apply(demo(deb, "1.0", "# another comment\nport=2055\n", "hunter2"), 1) // equal settings
	if got := r.sh("journalctl --sync; journalctl -u demo -o cat | grep -c '^Started'"); got != "1" {
		t.Errorf("%s starts instead of one", got)
	}
}

// testFailures: what the program says is in the error, and the next Apply tries again.
func (r *realHost) testFailures(desired host.Desired, deb []byte) {
	t := r.t
	t.Helper()
	_, err := host.Apply(t.Context(), r, demo(deb, "1.0", "prot = 1\n", "hunter2"))
	if err == nil || !strings.Contains(err.Error(), "file /etc/demo/settings") || !strings.Contains(err.Error(), "no port") {
		t.Errorf("settings that the program refuses: %v", err)
	}
	if drift := r.drift(desired); len(drift) != 0 {
		t.Errorf("refused settings left %q", drift)
	}
	taken := demo(deb, "1.0", "port = 1\n", "hunter2")
	for range 7 { // systemd gives up after five starts in ten seconds; we do not
		_, err = host.Apply(t.Context(), r, taken)
		for _, part := range []string{"unit demo.service", "StatusText=cannot listen on port 1", "Result=exit-code", "demo: port 1 is taken"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Fatalf("a service that does not start: no %q in %v", part, err)
			}
		}
	}
	_, err = host.Apply(t.Context(), r, demo(deb, "1.0", "port = 2055\n", "correct-horse"))
	if err == nil || !strings.Contains(err.Error(), "ExecMainStatus=5") || strings.Contains(err.Error(), "correct-horse") {
		t.Errorf("a password that the service refuses: %v", err)
	}
	r.apply(desired, 0)
}

// TestRealRestore: what was there before comes back, and a part that is retired restarts what stays.
func TestRealRestore(t *testing.T) {
	r := start(t)
	r.sh(`mkdir -m 700 /etc/demo; echo 'port = 9' > /etc/demo/settings; chmod 604 /etc/demo/settings; chown games:mail /etc/demo/settings
		printf '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/old.service
		systemctl daemon-reload; systemctl enable -q --now old`)
	before := r.listing()
	desired := host.Desired{
		host.Directory{Path: "/etc/demo"},
		host.File{Path: "/etc/demo/settings", Content: []byte("port = 1\n"), Format: host.SysctlFormat{}},
		host.Directory{Path: "/etc/systemd/system/old.service.d"},
		host.File{Path: "/etc/systemd/system/old.service.d/a.conf", Content: []byte("[Service]\nLimitNOFILE=2048\n"), Format: host.UnitFileFormat{}},
		host.Unit{Name: "old.service", Enabled: true, Active: true, Inputs: []string{"/etc/demo/settings"}},
	}
	first := r.apply(desired, 0)
	limit := `grep 'open files' /proc/$(systemctl show -p MainPID --value old)/limits | awk '{print $4}'`
	if got := r.sh(limit); got != "2048" {
		t.Errorf("with the drop-in the limit is %s", got)
	}
	stays := desired.Without(desired[2:4])
	if err := host.Remove(t.Context(), r, desired.Without(stays), first.Before); err != nil {
		t.Fatal(err)
	}
	r.apply(stays, 0)
	if got := r.sh(limit); got == "2048" {
		t.Errorf("without the drop-in the limit is still %s", got)
	}
	r.apply(desired, 0)
	if err := host.Remove(t.Context(), r, desired, first.Before); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, r.listing()); diff != "" {
		t.Errorf("after Remove the host is not as it was:\n%s", diff)
	}
	if got := r.sh(limit + "; systemctl is-active old; cat /etc/demo/settings"); strings.HasPrefix(got, "2048") || !strings.HasSuffix(got, "\nactive\nport = 9") {
		t.Errorf("after Remove: %q", got)
	}
}
