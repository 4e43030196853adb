package e2e

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

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
		do   func()
	}{
		{"the server is restarted", func() {
			must(t, c.Elasticsearch.Stop(ctx))
			must(t, c.Elasticsearch.Start(ctx))
		}},
		{"the server is killed", func() {
			must(t, c.Elasticsearch.Kill(ctx))
			must(t, c.Elasticsearch.Start(ctx))
		}},
		{"the collector is restarted while the server is away", func() {
			must(t, c.Elasticsearch.Stop(ctx))
			g.pause()
			run(ctx, t, c.Host, "systemctl", "restart", "flowcollector")
			g.resume()
			must(t, c.Elasticsearch.Start(ctx))
		}},
		{"the collector is killed while the server is away", func() {
			must(t, c.Elasticsearch.Stop(ctx))
			g.pause()
			// What is not a second old is not on disk yet: the documented price of a crash.
			waitFor(ctx, t, "the spool to have all", func() (bool, string) {
				metrics := get(ctx, t, c.Host, "http://127.0.0.1:8080/metrics")
				return metric(metrics, "flowcollector_output_buffer_documents")+metric(metrics, "flowcollector_documents_sent_total") >= metric(metrics, "flowcollector_records_total"), metrics
			})
			run(ctx, t, c.Host, "systemctl", "kill", "--signal=KILL", "flowcollector")
			waitFor(ctx, t, "the service manager to start it again", func() (bool, string) {
				state := string(run(ctx, t, c.Host, "systemctl", "show", "-p", "NRestarts,ActiveState", "flowcollector"))
				return strings.Contains(state, "NRestarts=1") && strings.Contains(state, "ActiveState=active"), state
			})
			g.resume()
			must(t, c.Elasticsearch.Start(ctx))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g.start(ctx)
			test.do()
			expectSums(ctx, t, c.Elasticsearch, g.stop())
			metrics := get(ctx, t, c.Host, "http://127.0.0.1:8080/metrics")
			for _, name := range []string{"flowcollector_flows_dropped_total", "flowcollector_socket_drops_total", "flowcollector_exporter_sequence_lost_total"} {
				if n := metric(metrics, name); n != 0 {
					t.Errorf("%s is %v", name, n)
				}
			}
		})
	}
}

// generator sends NetFlow v9 to a host's collector, some 2000 flows a second.
type generator struct {
	t          *testing.T
	connection net.Conn

	mu      sync.Mutex // held while a packet is sent, and while paused
	sent    map[acctest.Pair]acctest.Sums
	packets uint32
	flows   uint32
	running sync.WaitGroup
	quit    context.CancelFunc
}

const (
	generatorInterval = 10 * time.Millisecond
	flowsPerPacket    = 20
	templateID        = 300
)

func newGenerator(ctx context.Context, t *testing.T, h *acctest.Host) *generator {
	t.Helper()
	connection, err := h.DialContext(ctx, "udp", "127.0.0.1:2055")
	must(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	return &generator{t: t, connection: connection, sent: map[acctest.Pair]acctest.Sums{}}
}

func (g *generator) start(ctx context.Context) {
	ctx, quit := context.WithCancel(ctx)
	g.quit = quit
	g.running.Go(func() {
		ticker := time.NewTicker(generatorInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				g.send()
			}
		}
	})
}

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
	header := u16(u16(nil, 9), flowsPerPacket)
	header = u32(u32(u32(u32(header, 3_600_000), uint32(now.Unix())), g.packets), 7)
	packet := header
	if g.packets%10 == 0 {
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
