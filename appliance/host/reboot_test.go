package host

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// booting is a host that answers its boot_id, reboot and state as a script has it, the last of each for ever. What begins with ! is an error.
type booting struct{ boots, reboots, states []string }

func (b *booting) Run(_ context.Context, command ssh.Command) (ssh.Result, error) {
	script := map[string]*[]string{"cat": &b.boots, "--no-block": &b.reboots, "is-system-running": &b.states}
	line := script[command.Argv[0]]
	if line == nil {
		line = script[command.Argv[1]]
	}
	text := (*line)[0]
	if len(*line) > 1 {
		*line = (*line)[1:]
	}
	switch problem, failed := strings.CutPrefix(text, "!"); {
	case failed && problem == "key":
		return ssh.Result{}, &ssh.HostKeyError{}
	case failed && problem == "link":
		return ssh.Result{}, &ssh.LinkError{Cause: errors.New("connection lost")}
	case failed:
		return ssh.Result{ExitCode: 1, Stderr: []byte(problem)}, nil
	}
	return ssh.Result{Stdout: []byte(text + "\n")}, nil
}

func TestReboot(t *testing.T) {
	for name, c := range map[string]struct {
		host booting
		want string // in the error
		said string // by the last progress
	}{
		"as usual":           {host: booting{[]string{"a", "a", "!link", "!link", "b"}, []string{""}, []string{"", "starting", "running"}}, said: "systemd is running"},
		"cut off at once":    {host: booting{[]string{"a", "b"}, []string{"!link"}, []string{"degraded"}}, said: "systemd is degraded"},
		"refused":            {host: booting{[]string{"a"}, []string{"!Access denied"}, []string{"running"}}, want: "Access denied"},
		"no boot_id":         {host: booting{[]string{""}, []string{""}, []string{"running"}}, want: "boot_id is empty"},
		"unreadable boot_id": {host: booting{[]string{"!no such file"}, []string{""}, []string{"running"}}, want: "no such file"},
		"another host":       {host: booting{[]string{"a", "!link", "!key"}, []string{""}, []string{"running"}}, want: (&ssh.HostKeyError{}).Error()},
		"never goes down":    {host: booting{[]string{"a"}, []string{""}, []string{"running"}}, want: "it still runs the same boot"},
		"never comes back":   {host: booting{[]string{"a", "!link"}, []string{""}, []string{"running"}}, want: "connection lost"},
		"never finishes":     {host: booting{[]string{"a", "b"}, []string{""}, []string{"starting"}}, want: `it was "starting"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble's clock
				defer cancel()
				var said []string
				err := Reboot(ctx, &c.host, func(text string) { said = append(said, text) })
				if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				if c.said != "" && !slices.Contains(said, c.said) {
					t.Errorf("it said %q", said)
				}
			})
		})
	}
}
