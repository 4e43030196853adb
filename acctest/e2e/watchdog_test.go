package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

// trapped is what has systemd run the service's test program, which is the service with faults that can be provoked, in the packaged unit with its
// sandbox and its watchdog.
const trapped = `[Service]
Environment=FLOWCOLLECTOR_TEST_SETTINGS=/etc/flowcollector/flowcollector.yml
ExecStart=
ExecStart=/usr/local/lib/flowcollector.test
`

// TestWatchdogOfADecoderAndADeadlock has a decoder stuck in a packet, and then a lock that is never given back: each time systemd starts the service anew, which
// takes flows again. TestReloadAndWatchdog does so with an output.
func TestWatchdogOfADecoderAndADeadlock(t *testing.T) {
	ctx := t.Context()
	program := filepath.Join(t.TempDir(), "flowcollector.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-trimpath", "-o", program, "./collector/service")
	build.Dir, build.Env = repository, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("unable to build the service's test program: %v\n%s", err, out)
	}
	h := startHost(t, "flow1")
	installBuilt(ctx, t, h)
	copyTo(ctx, t, h, program, "/usr/local/lib/flowcollector.test")
	run(ctx, t, h, "chmod", "755", "/usr/local/lib/flowcollector.test")
	put(ctx, t, h, "/etc/flowcollector/flowcollector.yml", "0644", []byte("listen: {readers: 1}\noutput: {ndjson: {path: /dev/null}}\n"))
	run(ctx, t, h, "mkdir", "-p", "/etc/systemd/system/flowcollector.service.d")
	put(ctx, t, h, "/etc/systemd/system/flowcollector.service.d/trapped.conf", "0644", []byte(trapped))
	run(ctx, t, h, "systemctl", "daemon-reload")
	run(ctx, t, h, "systemctl", "restart", "flowcollector")
	show := func(property string) string {
		return strings.TrimSpace(string(run(ctx, t, h, "systemctl", "show", "--value", "-p", property, "flowcollector")))
	}
	for _, fault := range []struct {
		name, signal, stage string
	}{
		{"decoder", "USR2", "reader 0.0.0.0:2055"},
		{"deadlock", "USR1", "HTTP server"},
	} {
		t.Run(fault.name, func(t *testing.T) {
			process, restarts := show("MainPID"), show("NRestarts")
			run(ctx, t, h, "systemctl", "kill", "--kill-whom=main", "--signal="+fault.signal, "flowcollector")
			run(ctx, t, h, "bash", "-c", "for i in 1 2 3; do echo 'no flow packet at all' > /dev/udp/127.0.0.1/2055; done")
			waitFor(ctx, t, "systemd to start it again", func() (bool, string) {
				return show("NRestarts") != restarts && show("ActiveState") == "active", show("StatusText")
			})
			if now := show("MainPID"); now == process {
				t.Errorf("process %s is still there", now)
			}
			journal := string(run(ctx, t, h, "journalctl", "--no-pager", "-u", "flowcollector", "-o", "cat"))
			for _, want := range []string{"a stage makes no progress, the watchdog is not served", fault.stage + " is stuck", "Watchdog timeout"} {
				if !strings.Contains(journal, want) {
					t.Errorf("the journal lacks %q:\n%s", want, journal)
				}
			}
			g, err := acctest.NewNetFlow(ctx, h, "127.0.0.1:2055")
			must(t, err)
			defer func() { must(t, g.Close()) }()
			must(t, g.Send())
			waitForRecords(ctx, t, h, acctest.FlowsPerPacket)
			run(ctx, t, h, "journalctl", "--rotate", "--vacuum-time=1s")
		})
	}
}
