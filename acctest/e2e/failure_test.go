package e2e

import (
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// TestAddressInUse has something else on the collector's port: the service fails to start, and says why in the error of the apply, in its
// status and to systemd. Once the port is free, the next apply goes on.
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
	if status := string(run(ctx, t, h, "systemctl", "show", "-p", "StatusText", "flowcollector")); !strings.Contains(status, reason) {
		t.Errorf("the status is %q, want one with %q", status, reason)
	}

	run(ctx, t, h, "systemctl", "stop", "squatter.socket")
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
}
