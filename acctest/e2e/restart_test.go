package e2e

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

const (
	restartFlows   = 50_000 // a second
	recordsEach    = 30     // in a packet
	flowsFile      = "/var/lib/flowcollector/flows.ndjson"
	restartMetrics = "http://127.0.0.1:8080/metrics"
)

// TestRestartsLoseNoPacket restarts the packaged service while four exporters send 50 000 flows a second together: systemd keeps the sockets, first those that the
// service bound, then those of its socket unit.
func TestRestartsLoseNoPacket(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "flow1")
	installBuilt(ctx, t, h)
	put(ctx, t, h, "/etc/flowcollector/flowcollector.yml", "0644", []byte(`
listen: {readers: 2}
document: {profile: lean}
output: {ndjson: {path: `+flowsFile+`}}
`))
	run(ctx, t, h, "systemctl", "restart", "flowcollector")
	s := newSender(ctx, t, h)

	restart := func(t *testing.T) { run(ctx, t, h, "systemctl", "restart", "flowcollector") }
	t.Run("restart", func(t *testing.T) {
		s.during(ctx, t, func() uint32 { restart(t); return 0 })
	})
	t.Run("another number of readers", func(t *testing.T) {
		s.during(ctx, t, func() uint32 {
			for _, readers := range []string{"3", "1", "2"} {
				run(ctx, t, h, "sed", "-i", "s/readers: ./readers: "+readers+"/", "/etc/flowcollector/flowcollector.yml")
				restart(t)
			}
			return 0
		})
	})
	kill := func(t *testing.T) uint32 {
		before := strings.TrimSpace(string(run(ctx, t, h, "systemctl", "show", "-p", "NRestarts", "--value", "flowcollector")))
		run(ctx, t, h, "systemctl", "kill", "--signal=KILL", "flowcollector")
		killed := s.packets.Load()
		waitFor(ctx, t, "the service manager to start it again", func() (bool, string) {
			state := string(run(ctx, t, h, "systemctl", "show", "-p", "NRestarts,ActiveState,StatusText", "flowcollector"))
			return !strings.Contains(state, "NRestarts="+before+"\n") && strings.Contains(state, "ActiveState=active"), state
		})
		return killed
	}
	t.Run("kill", func(t *testing.T) {
		s.during(ctx, t, func() uint32 { return kill(t) })
	})
	t.Run("an address that is not wanted any more", func(t *testing.T) {
		run(ctx, t, h, "sed", "-i", `s/listen: {/listen: {udp: ["0.0.0.0:2055", "127.0.0.1:9995"], /`, "/etc/flowcollector/flowcollector.yml")
		restart(t)
		if bound := string(run(ctx, t, h, "ss", "-Hlun", "sport = :2055 or sport = :9995")); strings.Contains(bound, "[::]:2055") || strings.Count(bound, ":9995") != 2 {
			t.Errorf("bound are\n%s", bound)
		}
		run(ctx, t, h, "sed", "-i", `s/udp: [^]]*], //`, "/etc/flowcollector/flowcollector.yml")
		restart(t)
		if bound := string(run(ctx, t, h, "ss", "-Hlun", "sport = :2055 or sport = :9995")); strings.Contains(bound, ":9995") || strings.Count(bound, "[::]:2055") != 2 {
			t.Errorf("bound are\n%s", bound)
		}
	})
	t.Run("socket unit", func(t *testing.T) {
		run(ctx, t, h, "systemctl", "stop", "flowcollector.service")
		if bound := string(run(ctx, t, h, "ss", "-Hlun", "sport = :2055")); bound != "" {
			t.Errorf("bound after a stop are\n%s", bound)
		}
		run(ctx, t, h, "systemctl", "enable", "--now", "flowcollector.socket")
		run(ctx, t, h, "systemctl", "start", "flowcollector.service")
		if got := metric(get(ctx, t, h, restartMetrics), "flowcollector_socket_receive_buffer_bytes"); got != 2*(128<<20) {
			t.Errorf("receive buffers of %v octets", got)
		}
		s.during(ctx, t, func() uint32 { restart(t); return 0 })
		s.during(ctx, t, func() uint32 { return kill(t) })
		// With a socket for each reader.
		run(ctx, t, h, "systemctl", "stop", "flowcollector.socket", "flowcollector.service")
		put(ctx, t, h, "/etc/systemd/system/flowcollector.socket.d/readers.conf", "0644", []byte("[Socket]\nReusePort=yes\nListenDatagram=0.0.0.0:2055\n"))
		run(ctx, t, h, "systemctl", "daemon-reload")
		run(ctx, t, h, "systemctl", "start", "flowcollector.socket")
		run(ctx, t, h, "systemctl", "start", "flowcollector.service")
		if page := get(ctx, t, h, restartMetrics); strings.Count(page, `flowcollector_reader_packets_total{listen="0.0.0.0:2055"`) != 2 || strings.Count(page, `flowcollector_reader_packets_total{listen="[::]:2055"`) != 1 {
			t.Errorf("readers:\n%s", page)
		}
		s.during(ctx, t, func() uint32 { restart(t); return 0 })
	})
	if t.Failed() {
		t.Logf("%s", run(ctx, t, h, "journalctl", "--no-pager", "-u", "flowcollector.service", "-u", "flowcollector.socket"))
	}
}

// installBuilt installs the collector's package that make build made, which starts the service without any settings.
func installBuilt(ctx context.Context, t *testing.T, h *acctest.Host) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(repository, "appliance/flowcollector/packages/*.deb"))
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("packages %q: run make build", found)
	}
	content, err := os.ReadFile(found[0])
	must(t, err)
	put(ctx, t, h, "/root/flowcollector.deb", "0600", content)
	run(ctx, t, h, "dpkg", "--install", "/root/flowcollector.deb")
	run(ctx, t, h, "mkdir", "-p", "/etc/systemd/system/flowcollector.socket.d")
}

// sender sends NetFlow v5 from four addresses of the host. All records of a packet have its number as their source address: 11.0.0.0 plus it.
type sender struct {
	h           *acctest.Host
	connections []net.Conn
	packets     atomic.Uint32 // sent so far
	sequences   []uint32      // of each connection, in flows
}

func newSender(ctx context.Context, t *testing.T, h *acctest.Host) *sender {
	t.Helper()
	s := &sender{h: h}
	for _, to := range []string{"127.0.0.1", h.Address.String(), "::1", h.Address6.String()} {
		c, err := h.DialContext(ctx, "udp", net.JoinHostPort(to, "2055"))
		must(t, err)
		t.Cleanup(func() { _ = c.Close() })
		s.connections = append(s.connections, c)
	}
	s.sequences = make([]uint32, len(s.connections))
	return s
}

func (s *sender) send(t *testing.T) {
	number := s.packets.Add(1)
	i := int(number) % len(s.connections)
	u16, u32 := binary.BigEndian.AppendUint16, binary.BigEndian.AppendUint32
	packet := u16(u16(nil, 5), recordsEach)
	packet = u32(u32(u32(u32(packet, 3_600_000), uint32(time.Now().Unix())), 0), s.sequences[i])
	packet = u32(packet, 0)
	s.sequences[i] += recordsEach
	for r := range recordsEach {
		packet = u32(u32(u32(packet, 11<<24+number), 0xcb007101), 0)
		packet = u32(u32(u32(u32(u32(packet, 0x00010002), 2), 100), 3_590_000), 3_595_000)
		packet = u32(u32(u32(u32(packet, uint32(40000+r)<<16+443), 0x001b0600), 0), 0x18180000)
	}
	if _, err := s.connections[i].Write(packet); err != nil {
		t.Errorf("packet %d: %v", number, err)
	}
}

// during sends while something is done to the service, and holds that all of it is stored. Where do returns the number of the last packet that was sent when the process was
// killed, what came within three seconds before may have been in its memory: that is the documented price, and is logged.
func (s *sender) during(ctx context.Context, t *testing.T, do func() uint32) {
	t.Helper()
	run(ctx, t, s.h, "truncate", "--size=0", flowsFile)
	first := s.packets.Load() + 1
	dropsBefore := metric(get(ctx, t, s.h, restartMetrics), "flowcollector_socket_drops_total")
	sending, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	began := time.Now()
	running.Go(func() {
		for n := 0; sending.Err() == nil; {
			for due := int(time.Since(began).Seconds() * restartFlows / recordsEach); n < due; n++ {
				s.send(t)
			}
			time.Sleep(time.Millisecond)
		}
	})
	time.Sleep(4 * time.Second)
	killed := do()
	time.Sleep(2 * time.Second)
	stop()
	running.Wait()
	took := time.Since(began)
	last := s.packets.Load()
	rate := float64(last-first+1) * recordsEach / took.Seconds()
	if rate < 0.95*restartFlows {
		t.Errorf("%.0f flows/s were sent: this machine is too busy to show what happens at %d", rate, restartFlows)
	}

	var records map[uint32]int
	missing := func() (lost []uint32) {
		for n := first; n <= last; n++ {
			inMemory := killed != 0 && n <= killed && n+3*restartFlows/recordsEach > killed
			if records[n] != recordsEach && !inMemory {
				lost = append(lost, n)
			}
		}
		return lost
	}
	before := -1
	waitFor(ctx, t, "flows to be written", func() (bool, string) {
		records = s.written(ctx, t)
		lost := missing()
		settled := len(records) == before // nothing more comes
		before = len(records)
		return len(lost) == 0 || settled, fmt.Sprint(len(lost), " packets missing")
	})
	if lost := missing(); len(lost) > 0 {
		t.Errorf("of packets %d to %d, killed after %d, %d are not stored, or not once: from %d to %d", first, last, killed, len(lost), lost[0], lost[len(lost)-1])
	}
	in := 0
	for n := first; n <= last; n++ {
		in += records[n]
	}
	page := get(ctx, t, s.h, restartMetrics)
	if drops := metric(page, "flowcollector_socket_drops_total"); drops != 0 || dropsBefore != 0 {
		t.Errorf("the kernel dropped %v packets, %v before; buffers of %v octets (net.core.rmem_max of this machine may be too small)", drops, dropsBefore, metric(page, "flowcollector_socket_receive_buffer_bytes"))
	}
	t.Logf("%d packets, %d flows sent in %.1f s, %.0f a second, %d stored", last-first+1, int(last-first+1)*recordsEach, took.Seconds(), rate, in)
}

// written is how many records of each packet are stored.
func (s *sender) written(ctx context.Context, t *testing.T) map[uint32]int {
	t.Helper()
	out := run(ctx, t, s.h, "sh", "-c", `grep -o '"11\.[0-9.]*"' `+flowsFile+` | sort | uniq -c`)
	records := map[uint32]int{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		n, err := strconv.Atoi(fields[0])
		must(t, err)
		address, err := netip.ParseAddr(strings.Trim(fields[1], `"`))
		must(t, err)
		four := address.As4()
		records[binary.BigEndian.Uint32(four[:])-11<<24] = n
	}
	return records
}
