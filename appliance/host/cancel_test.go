package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh/sshtest"
)

// TestCancel ends an Apply in the middle of the content, and while the validator looks at it: the old file is whole, or the new one where
// the cancel came too late, and nothing else is left.
func TestCancel(t *testing.T) {
	server := sshtest.Start(t, sshtest.Options{})
	client, err := ssh.New(ssh.Config{Host: server.Host, Port: server.Port, HostKeys: []string{server.HostKey}, PrivateKey: server.PrivateKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, c := range map[string]struct {
		validate []string
		late     bool // the new file may be there
	}{
		"in the content":   {late: true},
		"in the validator": {validate: []string{"sh", "-c", `touch "${1%/*}/validating"; sleep 600`, "sh", "{}"}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			file := filepath.Join(folder, "x")
			if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			content := make([]byte, 32<<20)
			desired := mine(t, Desired{File{Path: file, Content: content, Validate: c.validate}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { _, err := Apply(ctx, client, desired); done <- err }()
			for len(done) == 0 {
				found := entries(t, folder)
				if c.validate == nil && len(found) > 1 || slices.Contains(found, "validating") {
					break
				}
				time.Sleep(time.Millisecond)
			}
			cancel()
			err := <-done
			if !errors.Is(err, context.Canceled) && (err != nil || !c.late) {
				t.Errorf("error %v", err)
			}
			got, err := os.ReadFile(file)
			if err != nil || string(got) != "old" && (!c.late || len(got) != len(content)) {
				t.Errorf("the file has %d bytes, %v", len(got), err)
			}
			if err := os.Remove(filepath.Join(folder, "validating")); err != nil && c.validate != nil {
				t.Error(err)
			}
			if left := entries(t, folder); !cmp.Equal(left, []string{"x"}) {
				t.Errorf("there is %q", left)
			}
		})
	}
}
