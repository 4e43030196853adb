package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// TestBoot runs on a virtual machine, which has swap and a kernel of its own and can be started again: what is set up is there after the boot, too.
func TestBoot(t *testing.T) {
	ctx := t.Context()
	vm, err := acctest.StartVM(ctx, acctest.VMOptions{Log: t.Logf})
	must(t, err)
	cleanup(t, vm.Stop)
	run(ctx, t, vm, "sh", "-ec", `dd if=/dev/zero of=/swapfile bs=1M count=64 status=none; chmod 600 /swapfile; mkswap -q /swapfile
		printf '/swapfile\tnone\tswap\tsw,pri=7\t0 0\n' >>/etc/fstab; systemctl daemon-reload; swapon -a
		systemctl -q enable nftables # which empties the rule set at boot`)
	swaps := func() string {
		t.Helper()
		return strings.TrimSpace(string(run(ctx, t, vm, "swapon", "--show=NAME,PRIO", "--noheadings", "--raw")))
	}
	if got := swaps(); got != "/swapfile 7" {
		t.Fatalf("it swaps to %q", got)
	}
	before := list(ctx, t, vm)
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/boot", chain.Variables(vm, nil))
	must(t, err)
	cleanup(t, remove)

	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	if got := swaps(); got != "" {
		t.Errorf("after the apply it swaps to %q", got)
	}

	run(ctx, t, vm, "swapon", "/swapfile")
	plan, err := tofu.Plan(ctx)
	must(t, err)
	change, planned := plan.Changes["flowstack_swap.this"]
	was, _ := change.Before["effective"].(map[string]any)
	if !planned || !slices.Equal(change.Actions, []string{"update"}) || was["swap /swapfile: active"] != "yes" || was["swap"] != "on" {
		t.Errorf("swap by hand shows as %v %v", change.Actions, was)
	}
	must(t, tofu.Apply(ctx))

	boot := func() string {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second) // a machine that goes down may leave an answer out
		defer cancel()
		id, err := vm.Run(ctx, "cat", "/proc/sys/kernel/random/boot_id")
		if err != nil {
			return err.Error()
		}
		return string(id)
	}
	first := boot()
	run(ctx, t, vm, "systemd-run", "--on-active=1", "systemctl", "reboot") // so that this login ends well
	waitAsLongAs(ctx, t, 10*time.Minute, "the machine to boot again", func() (bool, string) {
		now := boot()
		return len(now) == len(first) && now != first, now
	})
	run(ctx, t, vm, "systemctl", "is-system-running", "--wait")
	expectNothingToDo(ctx, t, tofu)
	if got := swaps(); got != "" {
		t.Errorf("after the boot it swaps to %q", got)
	}

	must(t, tofu.Destroy(ctx))
	if got := swaps(); got != "/swapfile 7" {
		t.Errorf("after the destroy it swaps to %q", got)
	}
	for _, difference := range before.Differences(list(ctx, t, vm)) {
		t.Error("after the destroy: " + difference)
	}
}
