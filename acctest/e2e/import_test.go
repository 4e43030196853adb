package e2e

import (
	"strings"
	"testing"
)

// environmentUnit is a service that writes down the environment that systemd gives it. It remains active, so that systemd keeps what it knows of it.
const environmentUnit = `[Service]
Type=oneshot
RemainAfterExit=yes
Environment=EF_LOGGER_LEVEL=error EF_FLOW_SERVER_UDP_PORT=1111 "EF_OUTPUT_ELASTICSEARCH_INDEX_PREFIX=a b"
EnvironmentFile=/etc/default/flow
EnvironmentFile=-/etc/sysconfig/flow
ExecStart=/bin/sh -c "env > /run/environment"
`

// TestImportReadsAsSystemd compares what import-elastiflow takes from units and the files that they name with the environment that a real systemd gives: from the files in its
// order, and from what it has in memory once the files are others.
func TestImportReadsAsSystemd(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "flow1")
	installBuilt(ctx, t, h)
	run(ctx, t, h, "mkdir", "-p", "/etc/sysconfig", "/etc/flow.d", "/etc/systemd/system/flowcoll.service.d")
	files := map[string]string{
		"/etc/systemd/system/flowcoll.service": environmentUnit,
		"/etc/default/flow":                    "EF_FLOW_SERVER_UDP_PORT=2222\nEF_LOGGER_LEVEL=debug\n",
		"/etc/sysconfig/flow":                  "EF_FLOW_SERVER_UDP_PORT=3333\n",
		"/etc/flow.d/1.env":                    "EF_FLOW_SERVER_UDP_PORT=4444\n",
		"/etc/flow.d/2.env":                    "EF_FLOW_SERVER_UDP_PORT=5555\n",
	}
	write := func(name, text string) { put(ctx, t, h, name, "0644", []byte(text)) }
	for name, text := range files {
		write(name, text)
	}
	// given is what a process of the service gets, and taken the settings that a command makes.
	given := func() (level, port string) {
		run(ctx, t, h, "systemctl", "restart", "flowcoll")
		for line := range strings.Lines(string(run(ctx, t, h, "cat", "/run/environment"))) {
			switch name, value, _ := strings.Cut(strings.TrimSpace(line), "="); name {
			case "EF_LOGGER_LEVEL":
				level = value
			case "EF_FLOW_SERVER_UDP_PORT":
				port = value
			}
		}
		return level, port
	}
	taken := func(command string) string { return string(run(ctx, t, h, "sh", "-c", command)) }
	const units = "/etc/systemd/system/flowcoll.service $(ls /etc/systemd/system/flowcoll.service.d/* 2>/dev/null)"
	const show = "systemctl show --property Environment --property EnvironmentFiles flowcoll"
	const memory = show + " | flowcollector import-elastiflow - $(" + show + " | sed -n 's/^EnvironmentFiles=\\(.*\\) (.*/\\1/p')" // the files may be patterns, which the shell resolves
	compare := func(when, all string) {
		t.Helper()
		run(ctx, t, h, "systemctl", "daemon-reload")
		level, port := given()
		for _, command := range []string{"flowcollector import-elastiflow " + units + all, "flowcollector import-elastiflow" + all + " " + units, memory} {
			settings := taken(command)
			if strings.Contains(settings, "level: ") != (level != "") || !strings.Contains(settings, "level: "+level) && level != "" || !strings.Contains(settings, "'0.0.0.0:"+port+"'") {
				t.Errorf("%s: the service has level %q and port %q; %s says\n%s", when, level, port, command, settings)
			}
		}
	}
	const named = " /etc/sysconfig/flow /etc/default/flow"
	compare("the unit", named)
	write("/etc/systemd/system/flowcoll.service.d/10-more.conf", "[Service]\nEnvironmentFile=/etc/flow.d/*.env\nEnvironment=EF_LOGGER_LEVEL=warn\n")
	const more = " /etc/flow.d/2.env" + named + " /etc/flow.d/1.env"
	compare("a pattern", more)
	write("/etc/systemd/system/flowcoll.service.d/20-fewer.conf", "[Service]\nEnvironmentFile=\nEnvironmentFile=/etc/sysconfig/flow\n")
	compare("an empty EnvironmentFile=", more)
	if _, port := given(); port != "3333" {
		t.Errorf("port %s", port)
	}
	write("/etc/systemd/system/flowcoll.service.d/30-none.conf", "[Service]\nEnvironmentFile=\nEnvironment=\nEnvironment=EF_FLOW_SERVER_UDP_PORT=6666\n")
	compare("an empty Environment=", more)
	if _, port := given(); port != "6666" {
		t.Errorf("port %s", port)
	}

	// Files are removed, and systemd does not know yet: what it has in memory is what the service runs with.
	run(ctx, t, h, "rm", "-r", "/etc/systemd/system/flowcoll.service.d")
	if _, port := given(); port != "6666" {
		t.Errorf("systemd reads files without a reload: port %s", port)
	}
	if settings := taken(memory); !strings.Contains(settings, ":6666") {
		t.Errorf("what systemd has in memory:\n%s", settings)
	}
	if settings := taken("flowcollector import-elastiflow " + units + named); !strings.Contains(settings, ":3333") {
		t.Errorf("what is on disk:\n%s", settings)
	}
}
