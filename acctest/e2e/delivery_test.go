package e2e

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
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
	g := newGenerator(ctx, t, c.Host)

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
			g.every(20 * time.Millisecond) // 300,000 flows are enough for a server with little memory
			g.pause()
			run(ctx, t, c.Host, "systemctl", "restart", "flowcollector")
			g.resume()
			time.Sleep(10 * time.Second)
			g.pause()
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
			g.resume()
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
			g.pause()
			run(ctx, t, c.Host, "systemctl", "restart", "flowcollector") // systemd hands over credentials at the start
			g.resume()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g.every(10 * time.Millisecond)
			g.start(ctx)
			test.do(t)
			sent := g.stop()
			waitForAll(ctx, t, c)
			expectSums(ctx, t, c.Elasticsearch, sent)
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
func testFullDisk(t *testing.T, c *chain.Chain, g *generator) {
	ctx := t.Context()
	const spool = "/var/lib/private/flowcollector/spool"
	documents := stored(ctx, t, c.Elasticsearch)
	must(t, c.Elasticsearch.Stop(ctx))
	run(ctx, t, c.Host, "systemctl", "stop", "flowcollector")
	run(ctx, t, c.Host, "mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", spool)
	run(ctx, t, c.Host, "sh", "-c", "chown --reference="+spool+"/.. "+spool)
	run(ctx, t, c.Host, "systemctl", "start", "flowcollector")
	before := g.flows
	g.every(4 * time.Millisecond)
	g.start(ctx)
	waitFor(ctx, t, "the full disk to cost flows", func() (bool, string) {
		metrics := get(ctx, t, c.Host, metricsPage)
		return metric(metrics, "flowcollector_flows_dropped_total") > 0, metrics
	})
	if page := get(ctx, t, c.Host, readyPage); !strings.Contains(page, "no space left on device") {
		t.Errorf("the reason is not shown:\n%s", page)
	}
	g.stop()
	must(t, c.Elasticsearch.Start(ctx))
	waitForAll(ctx, t, c)
	metrics := get(ctx, t, c.Host, metricsPage)
	dropped := int(metric(metrics, "flowcollector_flows_dropped_total"))
	documents = stored(ctx, t, c.Elasticsearch) - documents
	times := map[uint64]int{}
	for _, octets := range storedSince(ctx, t, c.Elasticsearch, before) {
		times[octets]++
	}
	for octets, n := range times {
		if n != 1 {
			t.Errorf("flow %d is stored %d times", octets, n)
		}
	}
	if sent := int(g.flows - before); dropped == 0 || len(times) != documents || documents+dropped != sent {
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

// storedSince returns the octets of the flows that are stored, of those with more octets than so many. Of equal ones it may miss some.
func storedSince(ctx context.Context, t *testing.T, e *acctest.Elasticsearch, octets uint32) (all []uint64) {
	t.Helper()
	const perPage = 10_000
	last := uint64(octets)
	for seen := perPage; seen == perPage; {
		var page struct {
			Hits struct {
				Hits []struct {
					Sort []uint64 `json:"sort"`
				} `json:"hits"`
			} `json:"hits"`
		}
		must(t, e.Do(ctx, http.MethodPost, "/flows/_search", map[string]any{
			"size": perPage, "_source": false, "sort": []any{map[string]any{"network.bytes": "asc"}}, "search_after": []any{last},
		}, &page))
		seen = len(page.Hits.Hits)
		for _, hit := range page.Hits.Hits {
			last = hit.Sort[0]
			all = append(all, last)
		}
	}
	return all
}

// generator sends NetFlow v9 to a host's collector, 20 flows at a time.
type generator struct {
	t          *testing.T
	connection net.Conn

	mu      sync.Mutex // held while a packet is sent, and while paused
	sent    map[acctest.Pair]acctest.Sums
	ticker  *time.Ticker
	packets uint32
	flows   uint32
	running sync.WaitGroup
	quit    context.CancelFunc
}

const (
	flowsPerPacket = 20
	templateID     = 300
)

func newGenerator(ctx context.Context, t *testing.T, h *acctest.Host) *generator {
	t.Helper()
	connection, err := h.DialContext(ctx, "udp", "127.0.0.1:2055")
	must(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	ticker := time.NewTicker(time.Second)
	t.Cleanup(ticker.Stop)
	return &generator{t: t, connection: connection, ticker: ticker, sent: map[acctest.Pair]acctest.Sums{}}
}

func (g *generator) start(ctx context.Context) {
	ctx, quit := context.WithCancel(ctx)
	g.quit = quit
	g.running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-g.ticker.C:
				g.send()
			}
		}
	})
}

// every sets the time between packets.
func (g *generator) every(d time.Duration) { g.ticker.Reset(d) }

func (g *generator) pause()  { g.mu.Lock() }
func (g *generator) resume() { g.mu.Unlock() }

// stop returns the sums of all that was sent since the beginning.
func (g *generator) stop() map[acctest.Pair]acctest.Sums {
	g.quit()
	g.running.Wait()
	return g.sent
}

// send sends one packet: RFC 3954 sections 5.1 to 5.3, the template in every tenth.
func (g *generator) send() {
	g.mu.Lock()
	defer g.mu.Unlock()
	u16, u32 := binary.BigEndian.AppendUint16, binary.BigEndian.AppendUint32
	now := time.Now()
	template := g.packets%10 == 0
	count := uint16(flowsPerPacket)
	if template {
		count++ // of records, templates among them: RFC 3954 section 5.1
	}
	header := u16(u16(nil, 9), count)
	header = u32(u32(u32(u32(header, 3_600_000), uint32(now.Unix())), g.packets), 7)
	packet := header
	if template {
		fields := [][2]uint16{{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {2, 4}, {1, 4}}
		packet = u16(u16(u16(u16(packet, 0), uint16(8+4*len(fields))), templateID), uint16(len(fields)))
		for _, f := range fields {
			packet = u16(u16(packet, f[0]), f[1])
		}
	}
	const record = 21
	packet = u16(u16(packet, templateID), 4+flowsPerPacket*record)
	for range flowsPerPacket {
		g.flows++
		source, destination := [4]byte{198, 51, 100, byte(g.flows % 8)}, [4]byte{203, 0, 113, byte(g.flows % 5)}
		packet = append(append(packet, source[:]...), destination[:]...)
		packet = append(u16(u16(packet, uint16(1024+g.flows%60000)), 443), 6)
		packet = u32(u32(packet, 1), g.flows) // one packet, and octets that no other flow has
		pair := acctest.Pair{Source: netip.AddrFrom4(source), Destination: netip.AddrFrom4(destination)}
		s := g.sent[pair]
		g.sent[pair] = acctest.Sums{Packets: s.Packets + 1, Bytes: s.Bytes + uint64(g.flows)}
	}
	if _, err := g.connection.Write(packet); err != nil && !errors.Is(err, net.ErrClosed) {
		g.t.Errorf("unable to send: %v", err)
	}
	g.packets++
}
