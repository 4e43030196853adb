package e2e

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// TestReboot boots a virtual machine again by the action, and waits for it. OpenTofu has no actions: the provider is spoken to by its protocol.
func TestReboot(t *testing.T) {
	ctx := t.Context()
	vm, err := acctest.StartVM(ctx, acctest.VMOptions{Log: t.Logf})
	must(t, err)
	cleanup(t, vm.Stop)
	boot := func() string {
		t.Helper()
		return strings.TrimSpace(string(run(ctx, t, vm, "cat", "/proc/sys/kernel/random/boot_id")))
	}
	before := boot()
	got := providertest.Invoke(ctx, t,
		map[string]map[string]tftypes.Value{"flow1": providertest.HostEntry(vm.Address.String(), vm.Port, vm.HostKey, string(vm.PrivateKey))},
		"flowstack_host_reboot", map[string]tftypes.Value{"timeout": tftypes.NewValue(tftypes.String, "8m")})
	if len(got.Errors) != 0 {
		t.Fatalf("the reboot: %q", got.Errors)
	}
	if len(got.Progress) < 3 || !strings.Contains(got.Progress[0], before) {
		t.Errorf("it said %q", got.Progress)
	}
	if after := boot(); after == before || !strings.Contains(strings.Join(got.Progress, "\n"), after) {
		t.Errorf("after the reboot it is boot %s, before %s; it said %q", after, before, got.Progress)
	}
	if state := strings.TrimSpace(string(run(ctx, t, vm, "systemctl", "is-system-running"))); state != "running" {
		t.Errorf("systemd is %s", state)
	}
}
