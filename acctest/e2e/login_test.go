package e2e

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// TestLogins brings a file to a real host in every way to log in and to become root that sshd and sudo offer there.
func TestLogins(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "logins")
	run(ctx, t, h, "sh", "-ec", terminalUsers)
	key := string(h.PrivateKey)
	for name, test := range map[string]struct {
		config ssh.Config
		err    string
	}{
		"root":                                {ssh.Config{User: "root", PrivateKey: key}, ""},
		"sudo without a password":             {ssh.Config{User: "admin", PrivateKey: key}, ""},
		"sudo with a password":                {ssh.Config{User: "operator", PrivateKey: key, SudoPassword: acctest.OperatorPassword}, ""},
		"password for both":                   {ssh.Config{User: "operator", Password: acctest.OperatorPassword, SudoPassword: acctest.OperatorPassword}, ""},
		"sudo with no password given":         {ssh.Config{User: "operator", PrivateKey: key}, "set sudo_password"},
		"sudo with a wrong password":          {ssh.Config{User: "operator", PrivateKey: key, SudoPassword: "guess"}, "sudo refused the password"},
		"sudo on a terminal":                  {ssh.Config{User: "terminal", PrivateKey: key}, ""},
		"sudo with a password, on a terminal": {ssh.Config{User: "terminal2", PrivateKey: key, SudoPassword: acctest.OperatorPassword}, ""},
		"wrong password, on a terminal":       {ssh.Config{User: "terminal2", PrivateKey: key, SudoPassword: "guess"}, "sudo refused the password"},
		"no password, on a terminal":          {ssh.Config{User: "terminal2", PrivateKey: key}, "set sudo_password"},
		"wrong password":                      {ssh.Config{User: "operator", Password: "guess"}, "user operator was refused"},
	} {
		t.Run(name, func(t *testing.T) {
			config := test.config
			config.Host, config.Port, config.HostKeys = h.Address.String(), h.Port, []string{h.HostKey}
			c, err := ssh.New(config)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close() //nolint:errcheck // some never connect
			path := "/etc/" + strings.ReplaceAll(name, " ", "-")
			_, err = host.Apply(ctx, c, host.Desired{host.File{Path: path, Content: awkwardContent, Mode: 0o600}})
			switch {
			case test.err != "":
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want one with %q", err, test.err)
				}
			case err != nil:
				t.Error(err)
			default:
				out, err := h.Run(ctx, "stat", "-c", "%U:%G %a", path)
				if want := "root:root 600\n"; err != nil || string(out) != want {
					t.Errorf("the file is %s, want %s, %v", out, want, err)
				}
				if out, err := h.Run(ctx, "cat", path); err != nil || !bytes.Equal(out, awkwardContent) {
					t.Errorf("it has other content, %d octets: %v", len(out), err)
				}
				if s := c.Stats(); s.Handshakes != 1 {
					t.Errorf("%d handshakes", s.Handshakes)
				}
			}
		})
	}

	t.Run("wrong host key", func(t *testing.T) {
		other, err := ssh.New(ssh.Config{Host: h.Address.String(), Port: h.Port, HostKeys: []string{strangersKey}, PrivateKey: key})
		if err != nil {
			t.Fatal(err)
		}
		_, err = other.Run(ctx, ssh.Command{Argv: []string{"true"}})
		var refused *ssh.HostKeyError
		if !errors.As(err, &refused) || refused.Offered != h.HostKey {
			t.Errorf("error %v, want a HostKeyError that offers %s", err, h.HostKey)
		}
	})
}

// terminalUsers makes two users whose sudo insists on a terminal: one without a password, one with it.
const terminalUsers = `for user in terminal terminal2; do
	useradd -m -s /bin/bash $user
	install -d -m 0700 -o $user /home/$user/.ssh
	install -m 0600 -o $user /home/admin/.ssh/authorized_keys /home/$user/.ssh/authorized_keys
	echo "$user:` + acctest.OperatorPassword + `" | chpasswd
	echo "Defaults:$user requiretty" >/etc/sudoers.d/$user
done
echo 'terminal ALL=(ALL:ALL) NOPASSWD: ALL' >>/etc/sudoers.d/terminal
echo 'terminal2 ALL=(ALL:ALL) ALL' >>/etc/sudoers.d/terminal2
chmod 0440 /etc/sudoers.d/*
visudo -c -q
`

// awkwardContent has all octets, those among them that a terminal would change or take for commands, and is more than a pipe holds.
var awkwardContent = func() []byte {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	return bytes.Repeat(every, 4096)
}()

// strangersKey is a key that no host of the tests has.
const strangersKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
