package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// outage is how long the server is away while the collector is restarted and killed.
const outage = 5 * time.Minute

// TestNothingIsLostOrStoredTwice lets server and collector end in every way while flows come in. Each flow has a number of octets of its own, so
// that sums per pair are right only when each is stored exactly once.
func TestNothingIsLostOrStoredTwice(t *testing.T) {
	ctx := t.Context()
	c, err := chain.Start(ctx, chain.Options{Repository: repository, Name: "flow1", Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, c.Stop)
	must(t, c.Tofu.Apply(ctx))
	g, err := acctest.NewNetFlow(ctx, c.Host, "127.0.0.1:2055")
	must(t, err)
	t.Cleanup(func() { must(t, g.Close()) })

	for _, test := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"the server is restarted", func(t *testing.T) {
			must(t, c.Elasticsearch.Stop(ctx))
			must(t, c.Elasticsearch.Start(ctx))
		}},
		{"the server is killed", func(t *testing.T) {
			must(t, c.Elasticsearch.Kill(ctx))
			must(t, c.Elasticsearch.Start(ctx))
		}},
		{"the server is away for five minutes, and the collector is restarted and killed", func(t *testing.T) {
			must(t, c.Elasticsearch.Stop(ctx))
			back := time.After(outage)
			g.Rate(1000) // 300,000 flows are enough for a server with little memory
			g.Pause()
			run(ctx, t, c.Host, "systemctl", "restart", "flowcollector")
			g.Resume()
			time.Sleep(10 * time.Second)
			g.Pause()
			records := -1.0
			waitFor(ctx, t, "all that was sent to be decoded and handed over", func() (bool, string) {
				metrics := get(ctx, t, c.Host, metricsPage)
				before := records
				records = metric(metrics, "flowcollector_records_total")
				return records == before && metric(metrics, "flowcollector_output_buffer_documents")+metric(metrics, "flowcollector_documents_sent_total") >= records, metrics
			})
			// The buffer's documents are those in memory and those of before too. What is older than output.elasticsearch.flush_interval (1 s) is
			// on disk; the rest is the documented price of a crash.
			time.Sleep(3 * time.Second)
			run(ctx, t, c.Host, "systemctl", "kill", "--signal=KILL", "flowcollector")
			waitFor(ctx, t, "the service manager to start it again", func() (bool, string) {
				state := string(run(ctx, t, c.Host, "systemctl", "show", "-p", "NRestarts,ActiveState", "flowcollector"))
				return strings.Contains(state, "NRestarts=1") && strings.Contains(state, "ActiveState=active"), state
			})
			g.Resume()
			<-back
			must(t, c.Elasticsearch.Start(ctx))
		}},
		{"the server has a certificate of another authority", func(t *testing.T) {
			must(t, c.Elasticsearch.Stop(ctx))
			must(t, c.Elasticsearch.RenewCertificate())
			must(t, c.Elasticsearch.Start(ctx))
			waitForProblem(ctx, t, c.Host, "certificate")
			put(ctx, t, c.Host, "/etc/flowcollector/elasticsearch-ca.crt", "0644", c.Elasticsearch.CA)
		}},
		{"the password is wrong, and then corrected", func(t *testing.T) {
			must(t, c.Elasticsearch.SetWriterPassword("another-password"))
			waitForProblem(ctx, t, c.Host, "refuses user")
			put(ctx, t, c.Host, "/etc/flowcollector/credentials/elasticsearch-password", "0600", []byte(c.Elasticsearch.WriterPassword))
			g.Pause()
			run(ctx, t, c.Host, "systemctl", "restart", "flowcollector") // systemd hands over credentials at the start
			g.Resume()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g.Start(ctx, 2000)
			test.do(t)
			sent, err := g.Stop()
			must(t, err)
			waitForAll(ctx, t, c)
			expectSums(ctx, t, c.Elasticsearch.ElasticsearchClient, sent)
			metrics := get(ctx, t, c.Host, metricsPage)
			for _, name := range []string{"flowcollector_flows_dropped_total", "flowcollector_socket_drops_total", "flowcollector_exporter_sequence_lost_total"} {
				if n := metric(metrics, name); n != 0 {
					t.Errorf("%s is %v", name, n)
				}
			}
		})
	}
	t.Run("the spool's disk is full", func(t *testing.T) { testFullDisk(t, c, g) })
}

// testFullDisk gives the spool a disk of 4 MiB while the server is away. Each flow that is not stored in the end must have been counted.
func testFullDisk(t *testing.T, c *chain.Chain, g *acctest.NetFlow) {
	ctx := t.Context()
	const spool = "/var/lib/private/flowcollector/spool"
	documents := stored(ctx, t, c.Elasticsearch)
	must(t, c.Elasticsearch.Stop(ctx))
	run(ctx, t, c.Host, "systemctl", "stop", "flowcollector")
	run(ctx, t, c.Host, "mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", spool)
	run(ctx, t, c.Host, "sh", "-c", "chown --reference="+spool+"/.. "+spool)
	run(ctx, t, c.Host, "systemctl", "start", "flowcollector")
	before := g.Flows()
	g.Start(ctx, 5000)
	waitFor(ctx, t, "the full disk to cost flows", func() (bool, string) {
		metrics := get(ctx, t, c.Host, metricsPage)
		return metric(metrics, "flowcollector_flows_dropped_total") > 0, metrics
	})
	if page := get(ctx, t, c.Host, readyPage); !strings.Contains(page, "no space left on device") {
		t.Errorf("the reason is not shown:\n%s", page)
	}
	_, err := g.Stop()
	must(t, err)
	must(t, c.Elasticsearch.Start(ctx))
	waitForAll(ctx, t, c)
	metrics := get(ctx, t, c.Host, metricsPage)
	dropped := int(metric(metrics, "flowcollector_flows_dropped_total"))
	documents = stored(ctx, t, c.Elasticsearch) - documents
	times, err := c.Elasticsearch.NetFlowStored(ctx, "flows", before+1, g.Flows())
	must(t, err)
	for octets, n := range times {
		if n != 1 {
			t.Errorf("flow %d is stored %d times", octets, n)
		}
	}
	if sent := int(g.Flows() - before); dropped == 0 || len(times) != documents || documents+dropped != sent {
		t.Errorf("%d flows sent, %d documents stored, of %d different flows, %d counted as dropped", sent, documents, len(times), dropped)
	}
	run(ctx, t, c.Host, "systemctl", "stop", "flowcollector")
	run(ctx, t, c.Host, "umount", spool)
}

const (
	metricsPage = "http://127.0.0.1:8080/metrics"
	readyPage   = "http://127.0.0.1:8080/readyz"
)

func waitForProblem(ctx context.Context, t *testing.T, h *acctest.Host, want string) {
	t.Helper()
	waitFor(ctx, t, "a problem with "+want, func() (bool, string) {
		page := get(ctx, t, h, readyPage)
		return strings.Contains(page, want), page
	})
}

// waitForAll waits until nothing waits in the collector any more, for as long as the server takes something.
func waitForAll(ctx context.Context, t *testing.T, c *chain.Chain) {
	t.Helper()
	for left := -1.0; left != 0; {
		before := left
		waitFor(ctx, t, "the server to take something", func() (bool, string) {
			metrics := get(ctx, t, c.Host, metricsPage)
			left = metric(metrics, "flowcollector_output_buffer_documents")
			return left == 0 || left != before, metrics
		})
	}
}

// put replaces a file of a host at once.
func put(ctx context.Context, t *testing.T, h *acctest.Host, path, mode string, content []byte) {
	t.Helper()
	_, err := h.RunInput(ctx, content, "sh", "-c", "umask 077 && cat > "+path+".new && chmod "+mode+" "+path+".new && mv "+path+".new "+path)
	must(t, err)
}

// stored counts the documents.
func stored(ctx context.Context, t *testing.T, e *acctest.Elasticsearch) int {
	t.Helper()
	must(t, e.Do(ctx, http.MethodPost, "/flows/_refresh", nil, nil))
	var answer struct{ Count int }
	must(t, e.Do(ctx, http.MethodGet, "/flows/_count", nil, &answer))
	return answer.Count
}
