package action_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const unit = "demo.service"

func text(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }

func TestActions(t *testing.T) {
	h := providertest.StartHost(t, nil)
	h.Systemd(unit)
	h.Write("/etc/fake/refuse", "demo: cannot listen\n") // the journal
	entry := providertest.HostEntry(h.Host, h.Port, h.HostKey, h.PrivateKey)
	hosts := map[string]map[string]tftypes.Value{"flow1": entry}
	invoke := func(t *testing.T, action string, config map[string]tftypes.Value) providertest.Invoked {
		t.Helper()
		h.SystemdLog()
		return providertest.Invoke(t.Context(), t, hosts, "flowstack_"+action, config)
	}
	wantError := func(t *testing.T, got providertest.Invoked, words ...string) {
		t.Helper()
		if len(got.Errors) != 1 {
			t.Fatalf("errors %q", got.Errors)
		}
		for _, word := range words {
			if !strings.Contains(got.Errors[0], word) {
				t.Errorf("%q is not in %s", word, got.Errors[0])
			}
		}
	}
	quick := map[string]tftypes.Value{"unit": text(unit), "stable_for": text("0s")}

	t.Run("restart", func(t *testing.T) {
		got := invoke(t, "service_restart", quick)
		if len(got.Errors) != 0 || !slices.Equal(got.Progress, []string{"host flow1: restarting demo.service", "host flow1: demo.service runs"}) {
			t.Errorf("%+v", got)
		}
		if log := h.SystemdLog(); !slices.Equal(log, []string{"reset-failed demo.service", "restart demo.service"}) {
			t.Errorf("systemctl was asked %q", log)
		}
	})
	t.Run("reload", func(t *testing.T) {
		got := invoke(t, "service_reload", map[string]tftypes.Value{"unit": text(unit), "host": text("flow1")})
		if log := h.SystemdLog(); len(got.Errors) != 0 || !slices.Equal(log, []string{"reload demo.service"}) {
			t.Errorf("%+v; systemctl was asked %q", got, log)
		}
	})
	t.Run("a restart that fails", func(t *testing.T) {
		h.SetSystemd(unit, "fails", "no socket")
		wantError(t, invoke(t, "service_restart", quick), "Unable to restart the service of host flow1", "StatusText=no socket", "demo: cannot listen")
		h.SetSystemd(unit, "fails", "")
	})
	t.Run("a service that dies", func(t *testing.T) {
		h.SetSystemd(unit, "dies", "yes")
		wantError(t, invoke(t, "service_restart", map[string]tftypes.Value{"unit": text(unit)}), "did not keep running", "demo: cannot listen")
		h.SetSystemd(unit, "dies", "")
	})
	t.Run("mistakes", func(t *testing.T) {
		wantError(t, invoke(t, "service_restart", map[string]tftypes.Value{"unit": text("demo")}), "elasticsearch.service")
		wantError(t, invoke(t, "service_restart", map[string]tftypes.Value{"unit": text(unit), "stable_for": text("soon")}), "not a time")
		wantError(t, invoke(t, "host_reboot", map[string]tftypes.Value{"timeout": text("0s")}), "not a time")
		wantError(t, invoke(t, "host_reboot", map[string]tftypes.Value{"host": text("flow2")}), "Unable to reboot", `no entry "flow2"`)
		if log := h.SystemdLog(); log != nil {
			t.Errorf("systemctl was asked %q", log)
		}
	})
	t.Run("a host that does not boot", func(t *testing.T) { // systemctl of the fake host knows no reboot
		wantError(t, invoke(t, "host_reboot", map[string]tftypes.Value{"timeout": text("3s")}), "Unable to reboot the system of host flow1")
	})
}
