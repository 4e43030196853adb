package hostresource_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider/aptpackage"
	"github.com/flowstack/terraform-provider-flowstack/provider/aptrepository"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
	"github.com/flowstack/terraform-provider-flowstack/provider/sysctl"
	"github.com/flowstack/terraform-provider-flowstack/provider/systemd"
)

const unitText = "# by hand\n[Service]\nExecStart=/bin/true\n"

// furnished is a host on which somebody has worked by hand.
func furnished(t *testing.T) (*providertest.Host, providertest.Block) {
	t.Helper()
	h := providertest.StartHost(t, map[string]string{"vm.swappiness": "60", "vm.overcommit_memory": "1"})
	h.Systemd()
	for name, state := range map[string]string{
		"elasticsearch": "hold 7.17.28", "openjdk-17-jre": "hold 17.0.9", "libc6": "install 2.36", "nginx": "install 1.22.1", "old": "deinstall 1.0",
	} {
		h.SetPackage(name, state)
	}
	h.Write("/etc/fake/automatic", "libc6\nopenjdk-17-jre\n")
	h.Write("/etc/systemd/system/backup.service", unitText)
	h.Write("/etc/systemd/system/backup@.service", unitText)
	h.Write("/etc/systemd/system/secret.service", unitText)
	if err := os.Chmod(h.Path("/etc/systemd/system/secret.service"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(h.Path("/etc/sysctl.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"60-flows.conf": "vm.swappiness = 10\n", "99-last.conf": "vm.overcommit_memory = 1\n", "plain.conf": "vm.swappiness = 10\n", "60-10-both.conf": "vm.swappiness = 10\n",
		"60-Capital.conf": "vm.swappiness = 10\n",
	} {
		h.Write("/etc/sysctl.d/"+name, text)
	}
	h.Write("/etc/systemd/system/backup.timer", "[Timer]\nOnCalendar=daily\n")
	h.Symlink("/usr/lib/systemd/system/ssh.service", "/etc/systemd/system/sshd.service")
	const paragraph = "Types: deb\nURIs: https://example.net/%\nSuites: stable\nComponents: main\n"
	for name, text := range map[string]string{
		"docker.sources": strings.ReplaceAll(paragraph, "%", "docker"), "off.sources": "Enabled: no\n" + strings.ReplaceAll(paragraph, "%", "off"),
		"debian.sources": strings.ReplaceAll(paragraph, "%", "one") + "\n" + strings.ReplaceAll(paragraph, "%", "two"),
		"line.list":      "deb https://example.net/line stable main\n",
	} {
		h.Write("/etc/apt/sources.list.d/"+name, text)
	}
	return h, providertest.Block{Hosts: map[string]map[string]tftypes.Value{"flow1": providertest.HostEntry(h.Host, h.Port, h.HostKey, h.PrivateKey)}}
}

func TestList(t *testing.T) {
	_, block := furnished(t)
	text := func(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }
	held := func(is bool) map[string]tftypes.Value {
		return map[string]tftypes.Value{"held": tftypes.NewValue(tftypes.Bool, is)}
	}
	for name, c := range map[string]struct {
		query providertest.Query
		want  []string
	}{
		"packages":               {providertest.Query{Type: aptpackage.ResourceType}, []string{"elasticsearch (7.17.28, held)", "nginx (1.22.1)", "openjdk-17-jre (17.0.9, held)"}},
		"as many as are wanted":  {providertest.Query{Type: aptpackage.ResourceType, Limit: 2}, []string{"elasticsearch (7.17.28, held)", "nginx (1.22.1)"}},
		"held packages":          {providertest.Query{Type: aptpackage.ResourceType, Config: held(true)}, []string{"elasticsearch (7.17.28, held)", "openjdk-17-jre (17.0.9, held)"}},
		"packages not held":      {providertest.Query{Type: aptpackage.ResourceType, Config: held(false)}, []string{"nginx (1.22.1)"}},
		"packages by a pattern":  {providertest.Query{Type: aptpackage.ResourceType, Config: map[string]tftypes.Value{"host": text("flow1"), "name_pattern": text("*jre")}}, []string{"openjdk-17-jre (17.0.9, held)"}},
		"a pattern of nothing":   {providertest.Query{Type: aptpackage.ResourceType, Config: map[string]tftypes.Value{"name_pattern": text("")}}, nil},
		"units":                  {providertest.Query{Type: systemd.UnitType}, []string{"backup.service", "backup.timer"}},
		"parameters":             {providertest.Query{Type: sysctl.ResourceType}, []string{"60-10-both (/etc/sysctl.d/60-10-both.conf)", "99-last (/etc/sysctl.d/99-last.conf)", "flows (/etc/sysctl.d/60-flows.conf)"}},
		"repositories of a file": {providertest.Query{Type: aptrepository.ResourceType}, []string{"docker (https://example.net/docker)"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := providertest.List(t.Context(), t, block, c.query)
			if len(got.Errors) > 0 || !slices.Equal(got.Names(), c.want) {
				t.Errorf("%q, errors %q; wanted %q", got.Names(), got.Errors, c.want)
			}
			for _, one := range got.Results {
				if one.Identity["host"] != "flow1" || !strings.HasPrefix(one.DisplayName, one.Identity["name"].(string)) || one.Resource != nil {
					t.Errorf("%+v", one)
				}
			}
		})
	}
}

// TestListWithResource: a configuration can be generated of what comes with the identity.
func TestListWithResource(t *testing.T) {
	_, block := furnished(t)
	for name, c := range map[string]struct {
		kind string
		want []map[string]any // of the resources, at least
	}{
		"packages": {aptpackage.ResourceType, []map[string]any{
			{"id": "flow1/elasticsearch", "host": "flow1", "name": "elasticsearch", "version": "7.17.28", "hold": true},
			{"id": "flow1/nginx", "name": "nginx", "version": "1.22.1", "hold": false},
			{"id": "flow1/openjdk-17-jre", "version": "17.0.9", "hold": true},
		}},
		"units": {systemd.UnitType, []map[string]any{
			{"id": "flow1/backup.service", "content": unitText, "enabled": false, "active": false, "stable_for": "3s"},
			{"id": "flow1/backup.timer", "content": "[Timer]\nOnCalendar=daily\n"},
		}},
		"parameters": {sysctl.ResourceType, []map[string]any{
			{"id": "flow1/60-10-both", "settings": map[string]any{"vm.swappiness": "10"}},
			{"id": "flow1/99-last", "name": "99-last", "settings": map[string]any{"vm.overcommit_memory": "1"}, "reboot_required": false},
			{"id": "flow1/flows", "settings": map[string]any{"vm.swappiness": "10"}},
		}},
		"repositories": {aptrepository.ResourceType, []map[string]any{
			{"id": "flow1/docker", "uris": []any{"https://example.net/docker"}, "suites": []any{"stable"}, "components": []any{"main"}, "trusted": false},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := providertest.List(t.Context(), t, block, providertest.Query{Type: c.kind, IncludeResource: true})
			if len(got.Errors) > 0 || len(got.Results) != len(c.want) {
				t.Fatalf("%+v", got)
			}
			for i, want := range c.want {
				for attribute, value := range want {
					if is := got.Results[i].Resource[attribute]; !cmp.Equal(is, value) {
						t.Errorf("%s has %s %v, not %v", got.Results[i].DisplayName, attribute, is, value)
					}
				}
			}
		})
	}
}

func TestListMistakes(t *testing.T) {
	h, block := furnished(t)
	text := func(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }
	wantError := func(block providertest.Block, config map[string]tftypes.Value, words ...string) {
		t.Helper()
		got := providertest.List(t.Context(), t, block, providertest.Query{Type: aptpackage.ResourceType, Config: config})
		if len(got.Errors) != 1 || len(got.Results) > 0 {
			t.Fatalf("%+v", got)
		}
		for _, word := range words {
			if !strings.Contains(got.Errors[0], word) {
				t.Errorf("%q is not in %s", word, got.Errors[0])
			}
		}
	}
	wantError(block, map[string]tftypes.Value{"host": text("flow2")}, "Unable to choose the host", `no entry "flow2"`)
	wantError(block, map[string]tftypes.Value{"name_pattern": text("[a")}, "Unable to match names", "[a")
	wantError(providertest.Block{}, nil, "Unable to choose the host", "provider has no hosts: add one")
	two := providertest.Block{Hosts: map[string]map[string]tftypes.Value{"flow1": block.Hosts["flow1"], "flow2": block.Hosts["flow1"]}}
	wantError(two, nil, "several hosts (flow1, flow2)")

	h.SetProgram("dpkg-query", "#!/bin/sh\necho 'dpkg-query: error: failed to open the package info file' >&2\nexit 2\n")
	wantError(block, nil, "of host flow1", "failed to open the package info file")
	h.Stop()
	wantError(block, nil, "of host flow1", "refused")
}
