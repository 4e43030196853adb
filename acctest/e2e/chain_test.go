package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

const repository = "../.."

const collector = "flowstack_collector.this"

// TestChain is the product once, from a bare host to documents and back to the bare host.
func TestChain(t *testing.T) {
	ctx := t.Context()
	c, err := chain.Start(ctx, chain.Options{Repository: repository, Name: "flow1", Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, c.Stop)
	before := list(ctx, t, c.Host)

	must(t, c.Tofu.Apply(ctx))
	expectNothingToDo(ctx, t, c.Tofu)
	applied := list(ctx, t, c.Host)

	exporter, witness := startExporter(ctx, t, c.Host)
	sent := map[acctest.Pair]acctest.Sums{}
	export := func() {
		t.Helper()
		sums, err := exporter.Send(ctx, acctest.Traffic{})
		must(t, err)
		addSums(sent, sums)
		must(t, exporter.Flush(ctx))
	}

	t.Run("what was sent is found", func(t *testing.T) {
		plan, err := c.Tofu.Plan(ctx)
		must(t, err)
		if text := strings.Join(plan.Warnings, "\n"); !strings.Contains(text, "No flows of any exporter: ") || !strings.Contains(text, "No packet has come at all") {
			t.Errorf("while nobody sends, the plan warns: %q", text)
		}
		export()
		expectSums(ctx, t, c.Elasticsearch.ElasticsearchClient, sent)
		if plan, err = c.Tofu.Plan(ctx); err != nil || len(plan.Warnings) > 0 {
			t.Errorf("while flows arrive, the plan warns: %q, %v", plan.Warnings, err)
		}
		waitFor(ctx, t, "what the collector says about itself", func() (bool, string) {
			var answer struct{ Count int }
			err := c.Elasticsearch.Do(ctx, http.MethodGet, "/health-flows/_count", nil, &answer)
			return err == nil && answer.Count > 0, fmt.Sprint(answer, err)
		})
	})

	t.Run("flows outlast an Elasticsearch that is away", func(t *testing.T) {
		must(t, c.Elasticsearch.Stop(ctx))
		export()
		waitFor(ctx, t, "the collector to keep the flows", func() (bool, string) {
			metrics := get(ctx, t, c.Host, "http://127.0.0.1:8080/metrics")
			return metric(metrics, "flowcollector_output_buffer_documents") > 0 && metric(metrics, "flowcollector_flows_dropped_total") == 0, metrics
		})
		waitFor(ctx, t, "the status to say so", func() (bool, string) {
			status := string(run(ctx, t, c.Host, "systemctl", "show", "-p", "StatusText", "flowcollector"))
			return strings.Contains(status, "Elasticsearch away"), status
		})
		must(t, c.Elasticsearch.Start(ctx))
		expectSums(ctx, t, c.Elasticsearch.ElasticsearchClient, sent)
	})

	t.Run("nfdump counts the same", func(t *testing.T) {
		counted, err := witness.Sums(ctx)
		must(t, err)
		if d := cmp.Diff(sent, counted, cmpopts.EquateComparable(acctest.Pair{})); d != "" {
			t.Errorf("sent (-) and nfdump's count (+) of the same export differ:\n%s", d)
		}
	})
	must(t, exporter.Stop(ctx))
	must(t, witness.Stop(ctx))

	t.Run("drift shows by name and is repaired", func(t *testing.T) { testDrift(ctx, t, c, applied) })
	t.Run("bad input", func(t *testing.T) { testBadInput(ctx, t, c) })
	t.Run("import", func(t *testing.T) { testImport(ctx, t, c) })
	t.Run("secrets stay secret", func(t *testing.T) { testSecrets(ctx, t, c) })

	must(t, c.Tofu.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, c.Host)) {
		t.Error("after the destroy: " + difference)
	}
}

// testDrift changes things by hand: each has to show in the next plan under its own name, and the next apply has to undo it.
func testDrift(ctx context.Context, t *testing.T, c *chain.Chain, applied acctest.Listing) {
	for _, drift := range []struct{ name, script, fact, found string }{
		{
			"a collector setting", `sed -i 's/^    index: .*/    index: flows-elsewhere/; t; $a log: {level: debug}' /etc/flowcollector/flowcollector.yml`,
			"file /etc/flowcollector/flowcollector.yml: log.level", "debug",
		},
		{"the mode of the settings", "chmod 600 /etc/flowcollector/flowcollector.yml", "file /etc/flowcollector/flowcollector.yml: mode", "0600"},
		{"the unit's enablement", "systemctl disable flowcollector", "unit flowcollector.service: enabled", "disabled"},
		{"a stopped service", "systemctl stop flowcollector", "unit flowcollector.service: active", "inactive"},
		{
			"a credential", "printf other > /etc/flowcollector/credentials/elasticsearch-password",
			"file /etc/flowcollector/credentials/elasticsearch-password: content", "different",
		},
		{"a missing file", "rm /etc/flowcollector/elasticsearch-ca.crt", "file /etc/flowcollector/elasticsearch-ca.crt", "absent"},
	} {
		t.Run(drift.name, func(t *testing.T) {
			run(ctx, t, c.Host, "sh", "-c", drift.script)
			plan, err := c.Tofu.Plan(ctx)
			must(t, err)
			change, planned := plan.Changes[collector]
			if !planned || len(plan.Changes) != 1 {
				t.Fatalf("the plan changes %v, want only %s", slices.Collect(maps.Keys(plan.Changes)), collector)
			}
			was, _ := change.Before["effective"].(map[string]any)
			if got := fmt.Sprint(was[drift.fact]); got != drift.found {
				t.Errorf("the plan shows %q for %q, want %q; it shows:\n%v", got, drift.fact, drift.found, was)
			}
			must(t, c.Tofu.Apply(ctx))
			expectNothingToDo(ctx, t, c.Tofu)
			if d := applied.Differences(list(ctx, t, c.Host)); len(d) > 0 {
				t.Errorf("not repaired:\n%s", strings.Join(d, "\n"))
			}
		})
	}
}

func testBadInput(ctx context.Context, t *testing.T, c *chain.Chain) {
	override := filepath.Join(c.Tofu.Dir, "test_override.tf")
	t.Run("unknown setting", func(t *testing.T) {
		must(t, os.WriteFile(override, []byte(`resource "flowstack_collector" "this" {
  settings = { "output.elasticsearch.adresses" = "https://127.0.0.1:9200" }
}
`), 0o600))
		defer os.Remove(override) //nolint:errcheck // the workspace goes away whole
		expectPlanError(ctx, t, c.Tofu, `"output.elasticsearch.adresses"; did you mean "output.elasticsearch.addresses"?`)
	})

	key, port := chain.Variables(c.Host, nil)["host_keys"], chain.Variables(c.Host, nil)["port"]
	t.Run("wrong host key", func(t *testing.T) {
		c.Tofu.Set("host_keys", `["`+strangersKey+`"]`)
		defer c.Tofu.Set("host_keys", key)
		expectPlanError(ctx, t, c.Tofu, `host_keys = ["`+c.Host.HostKey+`"]`)
	})

	t.Run("host not reachable", func(t *testing.T) {
		c.Tofu.Set("port", "9") // nobody listens there
		defer c.Tofu.Set("port", port)
		plan, err := c.Tofu.Plan(ctx)
		must(t, err)
		if own := withoutFlowsCheck(plan.Warnings); len(own) != 1 {
			t.Errorf("%d warnings, want one: %v", len(own), own)
		}
		if len(plan.Changes) != 0 {
			t.Errorf("the plan changes %v though nothing is known to have changed", plan.Changes)
		}
	})
	expectNothingToDo(ctx, t, c.Tofu)
}

// testImport forgets what is there and takes it under management again.
func testImport(ctx context.Context, t *testing.T, c *chain.Chain) {
	for address, id := range map[string]string{collector: "flow1", "flowstack_flow_index.flows": "flows"} {
		must(t, c.Tofu.StateRemove(ctx, address))
		must(t, c.Tofu.Import(ctx, address, id))
	}
	plan, err := c.Tofu.Plan(ctx)
	must(t, err)
	for address, change := range plan.Changes {
		// The password cannot be read back, so it counts as changed; everything else was found as it is configured.
		if address != collector || !slices.Equal(change.Actions, []string{"update"}) {
			t.Errorf("after the import the plan would %v %s:\n%s", change.Actions, address, cmp.Diff(change.Before, change.After))
		}
	}
	must(t, c.Tofu.Apply(ctx))
	expectNothingToDo(ctx, t, c.Tofu)
}

// testSecrets looks for the secrets where others could see them.
func testSecrets(ctx context.Context, t *testing.T, c *chain.Chain) {
	state, err := c.Tofu.StateFile()
	must(t, err)
	plan, err := c.Tofu.Plan(ctx)
	must(t, err)
	places := map[string]string{
		"the state":      string(state),
		"the plan":       string(plan.Raw),
		"the journal":    string(run(ctx, t, c.Host, "journalctl", "--no-pager", "--quiet")),
		"a command line": string(run(ctx, t, c.Host, "sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '")),
		"a readable file": string(run(ctx, t, c.Host, "sh", "-c",
			`find /etc /var /usr/lib/systemd /tmp -xdev -type f -perm -004 -not -path '/var/log/*' -exec grep -lF -f /etc/flowcollector/credentials/elasticsearch-password {} + || true`)),
	}
	for place, text := range places {
		for name, secret := range map[string]string{
			"the collector's password": c.Elasticsearch.WriterPassword,
			"elastic's password":       c.Elasticsearch.Password,
			"the private key":          strings.Split(string(c.Host.PrivateKey), "\n")[2],
		} {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %s", name, place)
			}
		}
	}
	if files := places["a readable file"]; files != "" {
		t.Errorf("the collector's password is readable in %s", files)
	}
}

// startExporter starts softflowd with two targets: the collector, and nfcapd as an independent witness of the same packets.
func startExporter(ctx context.Context, t *testing.T, h *acctest.Host) (*acctest.Exporter, *acctest.Nfcapd) {
	t.Helper()
	const witnessPort = 9992
	witness, err := acctest.StartNfcapd(ctx, h.Netns, witnessPort)
	must(t, err)
	exporter, err := acctest.StartExporter(ctx, h, []string{"127.0.0.1:2055", fmt.Sprintf("127.0.0.1:%d", witnessPort)}, "9")
	must(t, err)
	return exporter, witness
}

// addSums adds what was sent now to what was before.
func addSums(sent, now map[acctest.Pair]acctest.Sums) {
	for pair, sums := range now {
		sent[pair] = acctest.Sums{Packets: sent[pair].Packets + sums.Packets, Bytes: sent[pair].Bytes + sums.Bytes}
	}
}

// expectSums waits until Elasticsearch holds exactly what was sent.
func expectSums(ctx context.Context, t *testing.T, e *acctest.ElasticsearchClient, want map[acctest.Pair]acctest.Sums) {
	t.Helper()
	waitFor(ctx, t, "the documents", func() (bool, string) {
		got, err := e.PairSums(ctx, "flows")
		if err != nil {
			return false, err.Error()
		}
		d := cmp.Diff(want, got, cmpopts.EquateComparable(acctest.Pair{}))
		return d == "", "sent (-), found (+):\n" + d
	})
}

func expectNothingToDo(ctx context.Context, t *testing.T, tofu *acctest.Tofu) {
	t.Helper()
	plan, err := tofu.Plan(ctx)
	must(t, err)
	for address, change := range plan.Changes {
		t.Errorf("the plan would %v %s:\n%s", change.Actions, address, cmp.Diff(change.Before, change.After))
	}
	if own := withoutFlowsCheck(plan.Warnings); len(own) > 0 {
		t.Errorf("the plan warns: %v", own)
	}
}

// withoutFlowsCheck leaves out what the examples' check says: that no flows arrive, that the host cannot be asked, or that it is for the apply to look.
func withoutFlowsCheck(warnings []string) []string {
	return slices.DeleteFunc(slices.Clone(warnings), func(text string) bool {
		return strings.Contains(text, "any exporter") || strings.HasPrefix(text, "Check block assertion known after apply")
	})
}

func expectPlanError(ctx context.Context, t *testing.T, tofu *acctest.Tofu, want string) {
	t.Helper()
	_, err := tofu.Plan(ctx)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the plan's error is\n%v\nwant one with\n%s", err, want)
	}
}

// waitFor polls until the condition holds or the test's patience, a bound against hanging, is over.
func waitFor(ctx context.Context, t *testing.T, what string, condition func() (bool, string)) {
	t.Helper()
	waitAsLongAs(ctx, t, 3*time.Minute, what, condition)
}

func waitAsLongAs(ctx context.Context, t *testing.T, limit time.Duration, what string, condition func() (bool, string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		ok, state := condition()
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("still waiting for %s:\n%s", what, state)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// get fetches a page from inside the host's network.
func get(ctx context.Context, t *testing.T, h *acctest.Host, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	must(t, err)
	transport := &http.Transport{DialContext: h.DialContext, DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	must(t, err)
	body, err := io.ReadAll(response.Body)
	must(t, errors.Join(err, response.Body.Close()))
	return string(body)
}

// metric is the sum of a metric over all its labels.
func metric(page, name string) (sum float64) {
	for line := range strings.Lines(page) {
		labels, value, found := strings.Cut(strings.TrimSpace(line), " ")
		if base, _, _ := strings.Cut(labels, "{"); found && base == name {
			if n, err := strconv.ParseFloat(value, 64); err == nil {
				sum += n
			}
		}
	}
	return sum
}

func run(ctx context.Context, t *testing.T, h *acctest.Host, argv ...string) []byte {
	t.Helper()
	out, err := h.Run(ctx, argv...)
	must(t, err)
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
