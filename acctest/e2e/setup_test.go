package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

// TestNothingIsWrittenBeforeSetup starts a collector on a server without templates: flows wait until somebody runs flowcollector setup, with no
// more than the documented privileges, and are all there then, with their types.
func TestNothingIsWrittenBeforeSetup(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "setup1")
	es, err := acctest.StartElasticsearch(ctx, acctest.ElasticsearchOptions{Host: h, Log: t.Logf})
	must(t, err)
	cleanup(t, es.Close)
	settings := writeSettings(t, es)
	password := filepath.Join(filepath.Dir(settings), "setup.password")
	must(t, os.WriteFile(password, []byte(es.SetupPassword+"\n"), 0o600))
	startCollector(ctx, t, h, settings)

	g, err := acctest.NewNetFlow(ctx, h, "127.0.0.1:2055")
	must(t, err)
	t.Cleanup(func() { must(t, g.Close()) })
	g.Start(ctx, 200)
	const remedy = "no index template for flows: run flowcollector setup, or set output.elasticsearch.setup: true"
	waitFor(ctx, t, "the problem to show while flows wait", func() (bool, string) {
		ready, metrics := get(ctx, t, h, "http://127.0.0.1:8080/readyz"), get(ctx, t, h, "http://127.0.0.1:8080/metrics")
		return strings.Contains(ready, remedy) && metric(metrics, "flowcollector_output_buffer_documents") > 1000, ready + metrics
	})
	if err := es.Do(ctx, "GET", "/flows", nil, nil); err == nil || !strings.Contains(err.Error(), "index_not_found_exception") {
		t.Errorf("an index was made before the setup: %v", err)
	}

	setup := func() string {
		t.Helper()
		out, err := h.Command(ctx, filepath.Join(repository, "bin", "flowcollector"), "setup", "--config", settings, "--user", es.SetupUser, "--password-file", password).CombinedOutput()
		if err != nil {
			t.Fatalf("setup: %v\n%s", err, out)
		}
		return string(out)
	}
	if out, want := setup(), "component template flows-settings: created\ncomponent template flows-mappings: created\nindex template flows: created\n"+
		"alias flows of index flows-000001: created\nflows is ready for flows (alias)\n"; out != want {
		t.Errorf("the first setup says\n%swant\n%s", out, want)
	}
	if out, want := setup(), "component template flows-settings: is there\ncomponent template flows-mappings: is there\nindex template flows: is there\n"+
		"alias flows: is there\nflows is ready for flows (alias)\n"; out != want {
		t.Errorf("the second setup says\n%swant\n%s", out, want)
	}
	waitFor(ctx, t, "flows to be written", func() (bool, string) {
		metrics := get(ctx, t, h, "http://127.0.0.1:8080/metrics")
		return metric(metrics, "flowcollector_documents_sent_total") > 0, metrics
	})
	sent, err := g.Stop()
	must(t, err)
	expectSums(ctx, t, es.ElasticsearchClient, sent)
	if ready := get(ctx, t, h, "http://127.0.0.1:8080/readyz"); strings.Contains(ready, "flowcollector setup") {
		t.Errorf("after the setup: %s", ready)
	}
}

// writeSettings writes those of a collector that may look at templates, with a spool.
func writeSettings(t *testing.T, es *acctest.Elasticsearch) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"ca.crt": string(es.CA), "password": es.Password,
		"flowcollector.yml": fmt.Sprintf(`listen: {udp: ["127.0.0.1:2055"]}
state: {directory: %[1]s/state}
output:
  elasticsearch:
    addresses: [%[2]q]
    username: %[3]s
    password_file: %[1]s/password
    ca_file: %[1]s/ca.crt
`, folder, es.URL, es.Username),
	} {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	return filepath.Join(folder, "flowcollector.yml")
}

// startCollector runs the collector of this machine in the network of a host until the test ends.
func startCollector(ctx context.Context, t *testing.T, h *acctest.Host, settings string) {
	t.Helper()
	log, err := os.Create(filepath.Join(filepath.Dir(settings), "log"))
	must(t, err)
	// The test's context ends before its cleanups: the collector is stopped by one.
	cmd := h.Command(context.WithoutCancel(ctx), filepath.Join(repository, "bin", "flowcollector"), "run", "--config", settings)
	cmd.Stdout, cmd.Stderr = log, log
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // gone already is as well
		err := errors.Join(cmd.Wait(), log.Close())
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("the collector says\n%s", text)
		}
		must(t, err)
	})
	waitFor(ctx, t, "the collector", func() (bool, string) {
		dialCtx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		connection, err := h.DialContext(dialCtx, "tcp", "127.0.0.1:8080")
		if err != nil {
			return false, err.Error()
		}
		return true, closing(connection)
	})
}

func closing(c net.Conn) string {
	if err := c.Close(); err != nil {
		return err.Error()
	}
	return ""
}
