package acctest

import (
	"context"
	"strings"
	"testing"
)

func TestLAN(t *testing.T) {
	t.Run("two hosts", func(t *testing.T) {
		if _, err := StartLAN(t.Context(), "one", "one"); err == nil {
			t.Error("two hosts of one name are accepted")
		}
		lan, err := StartLAN(t.Context(), "one", "two")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := lan.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		if _, err := StartHost(t.Context(), HostOptions{Name: "three", LAN: lan}); err == nil || !strings.Contains(err.Error(), "not made for a host of this name") {
			t.Errorf("a host of another name: %v", err)
		}
		one, two := startHost(t, HostOptions{Name: "one", LAN: lan}), startHost(t, HostOptions{Name: "two", LAN: lan})
		for _, h := range []struct{ from, to *Host }{{one, two}, {two, one}} {
			out, err := h.from.Run(t.Context(), "bash", "-c", "getent hosts "+h.to.Name+" && read -r banner < /dev/tcp/"+h.to.Name+"/22 && echo $banner")
			if err != nil || !strings.HasPrefix(string(out), h.to.LANAddress.String()) || !strings.Contains(string(out), "SSH-2.0") {
				t.Errorf("from %s to %s: %q, %v", h.from.Name, h.to.Name, out, err)
			}
		}
	})
	checkClean(t)
}
