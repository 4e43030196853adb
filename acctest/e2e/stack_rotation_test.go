package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

const collectorTrust = "/etc/flowcollector/elasticsearch-ca.crt"

// testPasswordRotation changes Kibana's password in Elasticsearch and in Kibana's keystore in one apply: Kibana is restarted once, and knows it.
func testPasswordRotation(ctx context.Context, t *testing.T, tofu *acctest.Tofu, h *acctest.Host, authority []byte) {
	fresh := stackSecrets["kibana_system_password"] + "-2"
	starts := kibanaStarts(ctx, t, h)
	tofu.Set("kibana_system_password", fresh)
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	if got := kibanaStarts(ctx, t, h) - starts; got != 1 {
		t.Errorf("Kibana was started %d times for one password", got)
	}
	es := acctest.NewElasticsearchClient(h, "127.0.0.1:9200", authority, "kibana_system", fresh)
	must(t, es.Do(ctx, http.MethodGet, "/_security/_authenticate", nil, nil))
	kibanaAnswers(ctx, t, h, "with another password")
}

// testCertificateRotation gives the nodes' own connections an authority of their own, and replaces the one that clients trust, in the three applies that this takes.
// All the while a client that trusts what the collector trusts asks Elasticsearch over new connections: it is never refused, and Elasticsearch is not restarted.
func testCertificateRotation(ctx context.Context, t *testing.T, tofu *acctest.Tofu, h *acctest.Host) {
	addFiles(t, tofu, "testdata/rotation/*.tf")
	must(t, tofu.Apply(ctx)) // the node is restarted for the certificate between nodes
	expectNothingToDo(ctx, t, tofu)
	if http, transport := servedBy(ctx, t, h, "9200"), servedBy(ctx, t, h, "9300"); http == transport || http == "" || transport == "" {
		t.Errorf("clients are shown a certificate of %q, nodes one of %q", http, transport)
	}

	exporter, err := acctest.StartExporter(ctx, h, []string{"127.0.0.1:2055"}, "9")
	must(t, err)
	client := func() *acctest.ElasticsearchClient {
		return acctest.NewElasticsearchClient(h, "127.0.0.1:9200", run(ctx, t, h, "cat", collectorTrust), "elastic", stackSecrets["elastic_password"])
	}
	sent, err := client().PairSums(ctx, "flows")
	must(t, err)
	process := elasticsearchProcess(ctx, t, h)
	kibana := kibanaStarts(ctx, t, h)
	served := servedBy(ctx, t, h, "9200")
	asking := keepAsking(ctx, t, h)
	tofu.Set("rollover", "second")
	for _, want := range []string{"introducing", "replacing", "steady"} {
		must(t, tofu.Apply(ctx))
		if got := phase(t, tofu); got != want {
			t.Fatalf("the authority is in phase %s, not %s", got, want)
		}
		kibanaAnswers(ctx, t, h, "in phase "+want)
		sums, err := exporter.Send(ctx, acctest.Traffic{})
		must(t, err)
		must(t, exporter.Flush(ctx))
		addSums(sent, sums)
		expectSums(ctx, t, client(), maps.Clone(sent))
	}
	expectNothingToDo(ctx, t, tofu)
	waitFor(ctx, t, "Elasticsearch to show the new certificate", func() (bool, string) {
		now := servedBy(ctx, t, h, "9200")
		return now != served && now != "", now
	})
	asked, failed := asking()
	if len(failed) > 0 || asked < 20 {
		t.Errorf("of %d questions %d failed: %.600q", asked, len(failed), failed)
	}
	t.Logf("Elasticsearch was asked %d times meanwhile", asked)
	if now := elasticsearchProcess(ctx, t, h); now != process {
		t.Error("Elasticsearch was restarted for certificates that it reads again by itself")
	}
	// Kibana reads certificates when it starts: once in each phase, its own and those of whom it trusts together.
	if got := kibanaStarts(ctx, t, h) - kibana; got != 3 {
		t.Errorf("Kibana was started %d times in three phases", got)
	}
	must(t, exporter.Stop(ctx))
}

// phase is how far the rollover of the authority that clients trust has come.
func phase(t *testing.T, tofu *acctest.Tofu) string {
	t.Helper()
	content, err := tofu.StateFile()
	must(t, err)
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Attributes struct{ Phase string } }
		}
	}
	must(t, json.Unmarshal(content, &state))
	for _, r := range state.Resources {
		if r.Type == "flowstack_certificate_authority" && r.Name == "this" {
			return r.Instances[0].Attributes.Phase
		}
	}
	return ""
}

// kibanaStarts counts how often systemd has started Kibana since boot.
func kibanaStarts(ctx context.Context, t *testing.T, h *acctest.Host) int {
	t.Helper()
	text := string(run(ctx, t, h, "journalctl", "--no-pager", "--quiet", "-o", "cat", "_PID=1", "UNIT=kibana.service", "JOB_TYPE=start", "JOB_RESULT=done"))
	return strings.Count(text, "\n")
}

func elasticsearchProcess(ctx context.Context, t *testing.T, h *acctest.Host) string {
	t.Helper()
	return strings.TrimSpace(string(run(ctx, t, h, "systemctl", "show", "-p", "MainPID", "--value", "elasticsearch.service")))
}

// servedBy is the fingerprint of the issuer's key of the certificate that a port of the host shows.
func servedBy(ctx context.Context, t *testing.T, h *acctest.Host, port string) string {
	t.Helper()
	return strings.TrimSpace(string(run(ctx, t, h, "sh", "-c",
		"openssl s_client -connect 127.0.0.1:"+port+" </dev/null 2>/dev/null | openssl x509 -noout -ext authorityKeyIdentifier | tail -n 1")))
}

// kibanaAnswers expects a Kibana that can be used, with a certificate that the collector's host trusts.
func kibanaAnswers(ctx context.Context, t *testing.T, h *acctest.Host, when string) {
	t.Helper()
	kibana := acctest.NewElasticsearchClient(h, "127.0.0.1:5601", run(ctx, t, h, "cat", collectorTrust), "elastic", stackSecrets["elastic_password"])
	var got struct {
		Status struct{ Overall struct{ Level string } }
	}
	must(t, kibana.Do(ctx, http.MethodGet, "/api/status?v8format=true", nil, &got))
	if got.Status.Overall.Level != "available" {
		t.Errorf("%s, Kibana is %q", when, got.Status.Overall.Level)
	}
}

// keepAsking asks Elasticsearch over one new connection after the other, trusting what the collector trusts at that moment, until it is called; then it says how often
// it has asked, and what went wrong.
func keepAsking(ctx context.Context, t *testing.T, h *acctest.Host) (stop func() (asked int, failed []string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	var asked int
	var failed []string
	var asking sync.WaitGroup
	asking.Go(func() {
		for ctx.Err() == nil {
			trusted, err := h.Run(ctx, "cat", collectorTrust)
			if err == nil {
				es := acctest.NewElasticsearchClient(h, "127.0.0.1:9200", trusted, "elastic", stackSecrets["elastic_password"])
				err = es.Do(ctx, http.MethodGet, "/", nil, nil)
				es.HTTPClient().CloseIdleConnections()
			}
			if errors.Is(err, context.Canceled) || ctx.Err() != nil {
				return
			}
			asked++
			if err != nil {
				failed = append(failed, err.Error())
			}
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	stop = func() (int, []string) {
		cancel()
		asking.Wait()
		return asked, failed
	}
	t.Cleanup(func() { stop() })
	return stop
}
