package e2e

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// awkwardUsers makes users, each with a sudo of its own and a login that is special in one way. All have admin's key.
const awkwardUsers = `set -eu
make() { # NAME SHELL SUDOERS-DEFAULTS
	useradd -m -s "$2" "$1"
	install -d -m 0700 -o "$1" "/home/$1/.ssh"
	install -m 0600 -o "$1" /home/admin/.ssh/authorized_keys "/home/$1/.ssh/authorized_keys"
	{
		[ -z "$3" ] || echo "Defaults:$1 $3"
		echo "$1 ALL=(ALL:ALL) NOPASSWD: ALL"
	} >"/etc/sudoers.d/$1"
	chmod 0440 "/etc/sudoers.d/$1"
}
make fishy /usr/bin/fish ''
make cshy /usr/bin/bsd-csh ''
make nobodyhome /bin/bash ''
make closed /usr/sbin/nologin ''
make expired /bin/bash ''
make forced /bin/bash ''
make narrow /bin/bash 'secure_path=/opt/bin'
make terminal /bin/bash requiretty
make pty /bin/bash use_pty
make lectured /bin/bash 'lecture=always'
make noisy /bin/bash ''
make foreign /bin/bash 'env_keep+="LANG LC_ALL LANGUAGE"'
make unknown /bin/bash ''
rm /etc/sudoers.d/unknown
make passwordless /bin/bash ''
sed -i 's/NOPASSWD: //' /etc/sudoers.d/passwordless

echo "nobodyhome:` + acctest.OperatorPassword + `" | chpasswd
rm -r /home/nobodyhome
echo 'expired:` + acctest.OperatorPassword + `' | chpasswd
chage -d 0 expired
sed -i 's/^/command="echo only this" /' /home/forced/.ssh/authorized_keys
for file in .bashrc .profile; do
	printf 'echo "Welcome, $USER"\necho careful >&2\nalias env=false\n%s' "$(cat /home/noisy/$file)" >/home/noisy/$file
	printf 'export LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 LANGUAGE=de PATH=/nowhere\n%s' "$(cat /home/foreign/$file)" >/home/foreign/$file
done
visudo -c -q
`

// TestAwkwardLogins brings a file with an awkward name to a real host as users whose login is special: other shells, noise, other languages,
// odd settings of sudo. Where nothing can be done the error says why.
func TestAwkwardLogins(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "awkward")
	run(ctx, t, h, "sh", "-c", awkwardUsers)
	for user, says := range map[string]string{
		"fishy":        "",
		"cshy":         "",
		"nobodyhome":   "",
		"noisy":        "",
		"foreign":      "",
		"narrow":       "",
		"pty":          "",
		"lectured":     "",
		"closed":       "user closed is let in on " + h.Address.String() + ":22 but cannot run programs there (is its login shell a shell?): This account is currently not available.",
		"expired":      "password has expired",
		"forced":       "only this",
		"terminal":     "",
		"unknown":      "asks for a password", // sudo does not tell who it does not know before it knows who asks
		"passwordless": "asks for a password",
	} {
		t.Run(user, func(t *testing.T) {
			config := ssh.Config{
				Host: h.Address.String(), Port: h.Port, HostKeys: []string{h.HostKey}, User: user, PrivateKey: string(h.PrivateKey),
			}
			if user == "nobodyhome" {
				config.PrivateKey, config.Password = "", acctest.OperatorPassword // there is no authorized_keys
			}
			c, err := ssh.New(config)
			must(t, err)
			defer c.Close() //nolint:errcheck // its end is the test's
			path := "/etc/it's " + user + " \\ \"!\" $HOME\n*"
			o, err := host.Apply(ctx, c, host.Desired{host.File{Path: path, Content: []byte("for\nhim\\!\x00\xff"), Mode: 0o600}})
			if says != "" {
				if err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("error %v, want one with %q", err, says)
				}
				return
			}
			must(t, err)
			if o.System.ID != "debian" {
				t.Errorf("system %+v", o.System)
			}
			if out := run(ctx, t, h, "stat", "-c", "%U:%G %a %s", path); string(out) != "root:root 600 11\n" {
				t.Errorf("the file is %s", out)
			}
		})
	}

	t.Run("no terminal to be had", func(t *testing.T) {
		run(ctx, t, h, "mv", "/usr/bin/script", "/usr/bin/script.away")
		c, err := ssh.New(ssh.Config{Host: h.Address.String(), Port: h.Port, HostKeys: []string{h.HostKey}, User: "terminal", PrivateKey: string(h.PrivateKey)})
		must(t, err)
		defer c.Close() //nolint:errcheck // nothing runs on it
		if _, err := host.Probe(ctx, c, nil); err == nil || !strings.Contains(err.Error(), "install the package bsdutils, or remove requiretty") {
			t.Errorf("without script: %v", err)
		}
		run(ctx, t, h, "mv", "/usr/bin/script.away", "/usr/bin/script")
	})

	// Without sudo at all.
	run(ctx, t, h, "sh", "-c", "mv /usr/bin/sudo /usr/bin/sudo.away; printf 'export LANG=de_DE.UTF-8 LANGUAGE=de\\n' >>/home/admin/.bashrc")
	c, err := ssh.New(ssh.Config{Host: h.Address.String(), Port: h.Port, HostKeys: []string{h.HostKey}, User: "admin", PrivateKey: string(h.PrivateKey), SudoPassword: "x"})
	must(t, err)
	cleanup(t, func(context.Context) error { return c.Close() })
	if _, err := host.Probe(ctx, c, nil); err == nil || !strings.Contains(err.Error(), "sudo is not installed") {
		t.Errorf("without sudo: %v", err)
	}
}

// TestTemporaryFolderOfNoUse applies a file and a package to a host whose /tmp takes nothing: read-only, full, and without execution.
func TestTemporaryFolderOfNoUse(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "tmp")
	c := connect(t, h, h.Address.String(), h.Port)
	for name, mount := range map[string]string{
		"read-only": "mount -t tmpfs -o ro,noexec,nosuid tmpfs /tmp",
		"full":      "mount -t tmpfs -o size=4k,noexec,nosuid tmpfs /tmp; cat /dev/zero >/tmp/full 2>/dev/null || :",
	} {
		t.Run(name, func(t *testing.T) {
			run(ctx, t, h, "sh", "-c", mount+"; ! touch /tmp/x 2>/dev/null || ! echo x >/tmp/x 2>/dev/null")
			desired := host.Desired{
				host.Package{Name: "tiny", Version: "1", Debs: map[string][]byte{"all": tinyPackage(t, "tiny", "true")}},
				host.File{Path: "/etc/tiny", Content: []byte("x"), Validate: []string{"grep", "-q", "x", "{}"}},
			}
			o, err := host.Apply(ctx, c, desired)
			must(t, err)
			must(t, host.Remove(ctx, c, desired, o.Before))
			run(ctx, t, h, "umount", "/tmp")
		})
	}
}

// TestHostsWithFewSessions has sshd allow one session, and two, where we would take more.
func TestHostsWithFewSessions(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "sessions")
	for _, most := range []string{"1", "2"} {
		run(ctx, t, h, "sh", "-c", "echo MaxSessions "+most+" >/etc/ssh/sshd_config.d/few.conf && systemctl restart ssh")
		for _, user := range []string{"root", "admin"} {
			c, err := ssh.New(ssh.Config{Host: h.Address.String(), Port: h.Port, HostKeys: []string{h.HostKey}, User: user, PrivateKey: string(h.PrivateKey)})
			must(t, err)
			var wg sync.WaitGroup
			for range 12 {
				wg.Go(func() {
					r, err := c.Run(ctx, ssh.Command{Argv: []string{"id", "-un"}, Root: true})
					if err != nil || string(r.Stdout) != "root\n" {
						t.Errorf("MaxSessions %s as %s: %q, %v", most, user, r.Stdout, err)
					}
				})
			}
			wg.Wait()
			if s := c.Stats(); s.Handshakes != 1 {
				t.Errorf("%d connections", s.Handshakes)
			}
			must(t, c.Close())
		}
	}
}
