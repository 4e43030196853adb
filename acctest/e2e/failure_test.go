package e2e

import (
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// TestAddressInUse has something else on the collector's port: the service fails to start, and the error of the apply says why. Once the port is
// free, the next apply does it all.
func TestAddressInUse(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "flow1")
	run(ctx, t, h, "systemd-run", "--quiet", "--unit=squatter", "--socket-property=ListenDatagram=0.0.0.0:2055", "sleep", "infinity")

	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/collector", chain.Variables(h, nil))
	must(t, err)
	cleanup(t, remove)
	const reason = "listen on 0.0.0.0:2055: address already in use"
	if err := tofu.Apply(ctx); err == nil || !strings.Contains(err.Error(), reason) {
		t.Errorf("the apply's error is %v, want one with %q", err, reason)
	}
	// What was done until then is undone, so that the host is as before.
	if state := string(run(ctx, t, h, "systemctl", "show", "-p", "LoadState", "flowcollector")); !strings.Contains(state, "not-found") {
		t.Errorf("the unit is %q", state)
	}

	run(ctx, t, h, "systemctl", "stop", "squatter.socket")
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
}
