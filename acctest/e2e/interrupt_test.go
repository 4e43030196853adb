package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// TestCtrlC interrupts a real tofu apply while it brings a large file, has another one validated, and dpkg installs a package. Files are old or new as a
// whole, nothing temporary and no lock stays, on the host and beside the state, and the next apply heals what was left undone.
func TestCtrlC(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "ctrlc")
	put(ctx, t, h, "/etc/flowstack-replaced", "0644", []byte("old\n"))
	before := list(ctx, t, h)
	folder := t.TempDir()
	large := filepath.Join(folder, "large")
	must(t, os.WriteFile(large, make([]byte, 16<<20), 0o600))
	deb := acctest.Deb{Name: slow, Version: "1", Postinst: "#!/bin/sh\ntouch " + slowBegan + "\nwhile [ ! -e /run/go-on ]; do sleep 0.1; done\n"}
	_, content, err := deb.Build()
	must(t, err)
	file := filepath.Join(folder, slow+"_1_all.deb")
	must(t, os.WriteFile(file, content, 0o600))
	packages, err := json.Marshal([]string{file})
	must(t, err)
	variables := chain.Variables(h, nil)
	variables["source_file"], variables["packages"], variables["sudo_password"] = large, string(packages), acctest.OperatorPassword
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/interrupt", variables)
	must(t, err)
	cleanup(t, remove)

	applying, interrupt := context.WithCancel(ctx)
	defer interrupt()
	applied := make(chan error, 1)
	go func() { applied <- tofu.Apply(applying) }()
	waitFor(ctx, t, "all three to be under way", func() (bool, string) {
		select {
		case err := <-applied:
			t.Fatalf("the apply ended by itself: %v", err)
		default:
		}
		out, err := h.Run(ctx, "ls", "/run/began-large", "/run/began-replaced", slowBegan)
		return err == nil, string(out)
	})
	interrupt()
	// dpkg ends what it has begun once it is let, and OpenTofu when the provider has undone what it can: it waits for that.
	run(ctx, t, h, "sh", "-c", "sleep 1; touch /run/go-on")
	if err := <-applied; !errors.Is(err, context.Canceled) {
		t.Fatalf("the interrupted apply says %v", err)
	}

	waitFor(ctx, t, "everything to be put away", func() (bool, string) {
		left := string(run(ctx, t, h, "sh", "-c", "ls -d /etc/.flowstack-* /var/cache/apt/.flowstack-* 2>/dev/null; pgrep -l 'dpkg|apt-get'; dpkg --audit; :"))
		return left == "", left
	})
	for path, whole := range map[string][]string{"/etc/flowstack-large": {"", "16777216"}, "/etc/flowstack-replaced": {"4"}} {
		size := strings.TrimSpace(string(run(ctx, t, h, "sh", "-c", "stat -c %s "+path+" 2>/dev/null || :")))
		if size != whole[0] && size != whole[len(whole)-1] {
			t.Errorf("%s has %s octets", path, size)
		}
	}
	if _, err := os.Stat(filepath.Join(tofu.Dir, ".terraform.tfstate.lock.info")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state is still locked: %v", err)
	}

	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	if got := string(run(ctx, t, h, "sh", "-c", "cat /etc/flowstack-replaced; stat -c %s /etc/flowstack-large; dpkg-query -W -f '${db:Status-Abbrev}' "+slow)); got != "new\n16777216\nhi " {
		t.Errorf("after the next apply the host has %q", got)
	}
	must(t, tofu.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy: " + difference)
	}
}
