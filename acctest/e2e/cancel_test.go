package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// tinyPackage makes a package that has nothing but a script that runs after its installation.
func tinyPackage(t *testing.T, name, postinst string) []byte {
	t.Helper()
	_, content, err := acctest.Deb{Name: name, Version: "1", Postinst: "#!/bin/sh\nset -e\n" + postinst + "\n"}.Build()
	must(t, err)
	return content
}

// TestCancel cancels applies on a real host at their worst moments, as root and by sudo, also one that wants a terminal: while content arrives,
// while a validator reads it, and while dpkg installs. A file is the old or the new one as a whole, what dpkg began it ends, and no temporary file
// and no lock stays.
func TestCancel(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "cancel")
	run(ctx, t, h, "sh", "-ec", terminalUsers)
	const path = "/etc/flowstack-test.conf"
	const waits = "touch /run/began; while [ ! -e /run/go-on ]; do sleep 0.1; done"
	content := make([]byte, 32<<20)
	for user, config := range map[string]ssh.Config{
		"root":     {},
		"operator": {SudoPassword: acctest.OperatorPassword},
		"terminal": {},
	} {
		config.User, config.Host, config.Port = user, h.Address.String(), h.Port
		config.HostKeys, config.PrivateKey = []string{h.HostKey}, string(h.PrivateKey)
		c, err := ssh.New(config)
		must(t, err)
		cleanup(t, func(context.Context) error { return c.Close() })
		_, err = host.Probe(ctx, c, nil) // connected, and sudo asked
		must(t, err)

		for name, test := range map[string]struct {
			item  host.Item
			began string // shell: the moment has come
		}{
			"content":   {host.File{Path: path, Content: content}, "ls /etc/.flowstack-* >/dev/null 2>&1"},
			"validator": {host.File{Path: path, Content: []byte("new"), Validate: []string{"sh", "-c", waits, "sh", "{}"}}, "[ -e /run/began ]"},
			"package":   {host.Package{Name: "slow", Version: "1", Debs: map[string][]byte{"all": tinyPackage(t, "slow", waits)}}, "[ -e /run/began ]"},
		} {
			t.Run(user+", "+name, func(t *testing.T) {
				run(ctx, t, h, "sh", "-c", "rm -f /run/began /run/go-on; printf 'old\\n' >"+path)
				applying, cancel := context.WithCancel(ctx)
				defer cancel()
				watching, over := context.WithCancel(ctx)
				done := make(chan error, 1)
				go func() { _, err := host.Apply(applying, c, host.Desired{test.item}); done <- err; over() }()
				_, _ = h.Run(watching, "sh", "-c", "until "+test.began+"; do sleep 0.02; done") // an apply that ended says what went wrong
				cancel()
				if err := <-done; !errors.Is(err, context.Canceled) && (err != nil || name != "content") {
					t.Errorf("error %v", err) // all of the content may have arrived before
				}
				run(ctx, t, h, "touch", "/run/go-on")

				// dpkg ends when it is done.
				waitFor(ctx, t, "everything to be put away", func() (bool, string) {
					left := string(run(ctx, t, h, "sh", "-c",
						"ls -d /etc/.flowstack-* /var/cache/apt/.flowstack-* 2>/dev/null; pgrep -l 'dpkg|apt-get'; dpkg --audit; :"))
					return left == "", left
				})
				size := strings.TrimSpace(string(run(ctx, t, h, "stat", "-c", "%s", path)))
				whole := map[string]string{"content": "33554432", "package": "4"}[name]
				if size != "4" && (size != whole || name == "validator") {
					t.Errorf("the file has %s bytes", size)
				}
				if name == "package" {
					if got := string(run(ctx, t, h, "dpkg-query", "-W", "-f", "${db:Status-Status}", "slow")); got != "installed" {
						t.Errorf("the package is %s", got)
					}
					must(t, host.Remove(ctx, c, host.Desired{test.item}, host.Before{}))
				}
			})
		}
	}
}
