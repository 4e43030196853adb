package acctest

import (
	"context"
	"strings"
	"testing"
)

func TestVM(t *testing.T) {
	t.Run("own kernel", func(t *testing.T) {
		h, err := StartVM(t.Context(), VMOptions{Log: t.Logf})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := h.Stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		// What no container host can do.
		out, err := h.Run(t.Context(), "sysctl", "-w", "net.core.rmem_max=67108864", "vm.max_map_count=262145")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), "net.core.rmem_max = 67108864") {
			t.Errorf("sysctl says %q", out)
		}
		testRun(t, h)
		c, err := h.DialContext(t.Context(), "tcp", "127.0.0.1:22")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := h.Command(t.Context(), "true").Run(); err == nil || !strings.Contains(err.Error(), "virtual machine") {
			t.Errorf("a program in the network of a virtual machine: %v", err)
		}
	})
	checkClean(t)
}
