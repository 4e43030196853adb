package e2e

import (
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
	key := string(h.PrivateKey)
	for name, test := range map[string]struct {
		config ssh.Config
		err    string
	}{
		"root":                        {ssh.Config{User: "root", PrivateKey: key}, ""},
		"sudo without a password":     {ssh.Config{User: "admin", PrivateKey: key}, ""},
		"sudo with a password":        {ssh.Config{User: "operator", PrivateKey: key, SudoPassword: acctest.OperatorPassword}, ""},
		"password for both":           {ssh.Config{User: "operator", Password: acctest.OperatorPassword, SudoPassword: acctest.OperatorPassword}, ""},
		"sudo with no password given": {ssh.Config{User: "operator", PrivateKey: key}, "set sudo_password"},
		"sudo with a wrong password":  {ssh.Config{User: "operator", PrivateKey: key, SudoPassword: "guess"}, "sudo refused the password"},
		"wrong password":              {ssh.Config{User: "operator", Password: "guess"}, "user operator was refused"},
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
			_, err = host.Apply(ctx, c, host.Desired{host.File{Path: path, Content: []byte("for " + name + "\n"), Mode: 0o600}})
			switch {
			case test.err != "":
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want one with %q", err, test.err)
				}
			case err != nil:
				t.Error(err)
			default:
				out, err := h.Run(ctx, "stat", "-c", "%U:%G %a %s", path)
				if want := "root:root 600"; err != nil || !strings.HasPrefix(string(out), want) {
					t.Errorf("the file is %s, want %s, %v", out, want, err)
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

// strangersKey is a key that no host of the tests has.
const strangersKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
