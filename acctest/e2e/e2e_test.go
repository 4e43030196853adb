// Package e2e holds the end-to-end tests: the claims of the README, proven on real hosts with a real Elasticsearch, real exporters and a
// real OpenTofu.
package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

func TestMain(m *testing.M) {
	acctest.SearchSecrets = true
	code := m.Run()
	if err := acctest.Sweep(context.Background()); err != nil {
		println("sweep:", err.Error())
		code = 1
	}
	os.Exit(code)
}

// cleanupTime is how long taking a host down may take once its test is over.
const cleanupTime = 2 * time.Minute

func startHost(t *testing.T, name string) *acctest.Host {
	t.Helper()
	h, err := acctest.StartHost(t.Context(), acctest.HostOptions{Name: name, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, h.Stop)
	cleanup(t, func(ctx context.Context) error { return searchHost(ctx, h) })
	return h
}

// searchHost looks for the secrets of all tests in the host's journal, and in files that everybody on it may read.
func searchHost(ctx context.Context, h *acctest.Host) error {
	secrets := acctest.KnownSecrets()
	if len(secrets) == 0 {
		return nil
	}
	found, err := h.RunInput(ctx, []byte(strings.Join(secrets, "\n")), "sh", "-c", `umask 077 && cat >/root/words || exit
journalctl --no-pager --quiet | grep -F -f /root/words | sed 's/^/the journal: /'
find / -xdev -type f -perm -004 -not -path '/proc/*' -not -path '/usr/*' -exec grep -lF -f /root/words {} + | sed 's/^/everybody may read: /'
rm /root/words`)
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("secrets of the tests are on host %s: %s", h.Name, found)
	}
	return err
}

// cleanup stops something at the end of a test, whose own context has ended by then.
func cleanup(t *testing.T, stop func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTime)
		defer cancel()
		if err := stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

// connect makes a client for a host that is reached at an address of its own or through a proxy.
func connect(t *testing.T, h *acctest.Host, address string, port int) *ssh.Client {
	t.Helper()
	c, err := ssh.New(ssh.Config{Host: address, Port: port, HostKeys: []string{h.HostKey}, PrivateKey: string(h.PrivateKey)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func list(ctx context.Context, t *testing.T, h *acctest.Host) acctest.Listing {
	t.Helper()
	l, err := h.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
