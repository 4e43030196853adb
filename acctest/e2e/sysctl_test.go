package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// TestSysctl runs on a virtual machine: kernel parameters belong to a kernel, and a container has the one of this machine.
func TestSysctl(t *testing.T) {
	ctx := t.Context()
	vm, err := acctest.StartVM(ctx, acctest.VMOptions{Log: t.Logf})
	must(t, err)
	cleanup(t, vm.Stop)
	before := list(ctx, t, vm)
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/sysctl", chain.Variables(vm, nil))
	must(t, err)
	cleanup(t, remove)

	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	applied := list(ctx, t, vm)
	for key, want := range map[string]string{
		"vm.max_map_count":            "262144",
		"net.core.rmem_max":           "67108864",
		"net.ipv4.udp_rmem_min":       "131072",
		"net.ipv4.udp_mem":            "2097152\t4194304\t8388608",
		"net.core.rmem_default":       "262144",
		"net.core.netdev_max_backlog": "4096",
	} {
		if got := strings.TrimSpace(string(run(ctx, t, vm, "sysctl", "-n", key))); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}

	const address = "flowstack_sysctl.this"
	const file = "/etc/sysctl.d/60-flowstack.conf"
	for _, drift := range []struct{ name, script, fact, found string }{
		{"a live value", "sysctl -w vm.max_map_count=65530", "sysctl vm.max_map_count", "65530"},
		{"a value in the file", "sed -i 's/^net.core.rmem_max = .*/net.core.rmem_max = 1048576/' " + file, "file " + file + ": net.core.rmem_max", "1048576"},
		{"a value more in the file", "echo 'vm.swappiness = 1' >> " + file, "file " + file + ": vm.swappiness", "1"},
		{"the file", "rm " + file, "file " + file, "absent"},
	} {
		t.Run(drift.name, func(t *testing.T) {
			run(ctx, t, vm, "sh", "-c", drift.script)
			plan, err := tofu.Plan(ctx)
			must(t, err)
			change, planned := plan.Changes[address]
			if !planned || !slices.Equal(change.Actions, []string{"update"}) {
				t.Fatalf("the plan changes %v by %v, want an update of %s", slices.Collect(maps.Keys(plan.Changes)), change.Actions, address)
			}
			was, _ := change.Before["effective"].(map[string]any)
			if got := fmt.Sprint(was[drift.fact]); got != drift.found {
				t.Errorf("the plan shows %q for %q, want %q; it shows:\n%v", got, drift.fact, drift.found, was)
			}
			must(t, tofu.Apply(ctx))
			expectNothingToDo(ctx, t, tofu)
			if d := applied.Differences(list(ctx, t, vm)); len(d) > 0 {
				t.Errorf("not repaired:\n%s", strings.Join(d, "\n"))
			}
		})
	}

	must(t, tofu.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, vm)) {
		t.Error("after the destroy: " + difference)
	}
}
