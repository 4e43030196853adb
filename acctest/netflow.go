package acctest

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// FlowsPerPacket is how many flows NetFlow has in a packet.
	FlowsPerPacket = 20
	netflowTick    = 4 * time.Millisecond
	templateID     = 300
)

// Where flows are from and to: networks for documentation (RFC 5737).
var (
	netflowSources      = netip.MustParsePrefix("198.51.100.0/24")
	netflowDestinations = netip.MustParsePrefix("203.0.113.0/24")
)

// NetFlow is an exporter that sends NetFlow v9 to a collector, 20 flows a packet. The octets of a flow are its number: 1, 2, 3 and so on, which
// no other flow has, so that sums are right only when each flow is stored exactly once.
type NetFlow struct {
	connection net.Conn
	quit       context.CancelFunc
	running    sync.WaitGroup

	mu       sync.Mutex
	paused   bool
	rate     int // flows a second
	since    time.Time
	due      int // packets sent since then
	sent     map[Pair]Sums
	log      []Sending
	flows    uint32
	packets  uint32
	sequence uint32
	skew     time.Duration
	begun    time.Time // of the exporter
	refused  int
	err      error
}

// Sending says when the packet whose first flow is First was sent.
type Sending struct {
	First uint32
	At    time.Time
}

// NewNetFlow connects to an address as seen from inside the host.
func NewNetFlow(ctx context.Context, h *Host, address string) (*NetFlow, error) {
	connection, err := h.DialContext(ctx, "udp", address)
	if err != nil {
		return nil, fmt.Errorf("netflow exporter: %w", err)
	}
	return &NetFlow{connection: connection, sent: map[Pair]Sums{}, begun: time.Now()}, nil
}

// Start sends so many flows a second until Stop.
func (n *NetFlow) Start(ctx context.Context, rate int) {
	n.mu.Lock()
	n.rate, n.since, n.due = rate, time.Now(), 0
	n.mu.Unlock()
	ctx, n.quit = context.WithCancel(ctx)
	n.running.Go(func() {
		ticker := time.NewTicker(netflowTick)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticker.C:
				n.tick(now)
			}
		}
	})
}

// Stop ends what Start began and returns what was sent since the exporter was made.
func (n *NetFlow) Stop() (map[Pair]Sums, error) {
	n.quit()
	n.running.Wait()
	return n.sent, n.err
}

// Close ends the exporter. It is stopped before.
func (n *NetFlow) Close() error { return n.connection.Close() }

// Send sends one packet.
func (n *NetFlow) Send() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.send(time.Now())
}

// Rate changes how many flows are sent in a second.
func (n *NetFlow) Rate(perSecond int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rate, n.since, n.due = perSecond, time.Now(), 0
}

// Pause lets nothing be sent until Resume.
func (n *NetFlow) Pause() { n.set(func() { n.paused = true }) }

// Resume ends a pause.
func (n *NetFlow) Resume() { n.set(func() { n.paused, n.since, n.due = false, time.Now(), 0 }) }

// Skew moves the exporter's clock.
func (n *NetFlow) Skew(d time.Duration) { n.set(func() { n.skew = d }) }

// Restart begins the exporter's sequence and uptime anew. Its template comes only with the tenth packet.
func (n *NetFlow) Restart() {
	n.set(func() { n.packets, n.sequence, n.begun = 1, 0, time.Now() })
}

// Flows is how many flows were sent, and the number of the last one.
func (n *NetFlow) Flows() uint32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.flows
}

// Log is when each packet was sent, in order.
func (n *NetFlow) Log() []Sending {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log
}

func (n *NetFlow) set(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
}

// tick sends what is due. What a busy machine let become late is not made up for in a burst of more than a tenth of a second.
func (n *NetFlow) tick(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.paused {
		return
	}
	due := int(now.Sub(n.since).Seconds() * float64(n.rate) / FlowsPerPacket)
	if most := n.rate / 10 / FlowsPerPacket; due-n.due > max(most, 1) {
		n.due = due - max(most, 1)
	}
	for ; n.due < due; n.due++ {
		if err := n.send(now); err != nil {
			n.refused++
			n.err = fmt.Errorf("%d packets of the netflow exporter were not taken: %w", n.refused, err)
			return
		}
	}
}

// send sends one packet: RFC 3954 sections 5.1 to 5.3, the template in every tenth.
func (n *NetFlow) send(now time.Time) error {
	u16, u32 := binary.BigEndian.AppendUint16, binary.BigEndian.AppendUint32
	template := n.packets%10 == 0
	count := uint16(FlowsPerPacket)
	if template {
		count++ // of records, templates among them: RFC 3954 section 5.1
	}
	packet := u16(u16(nil, 9), count)
	packet = u32(u32(packet, uint32(3_600_000+now.Sub(n.begun).Milliseconds())), uint32(now.Add(n.skew).Unix()))
	packet = u32(u32(packet, n.sequence), 7)
	if template {
		fields := [][2]uint16{{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {2, 4}, {1, 4}}
		packet = u16(u16(u16(u16(packet, 0), uint16(8+4*len(fields))), templateID), uint16(len(fields)))
		for _, f := range fields {
			packet = u16(u16(packet, f[0]), f[1])
		}
	}
	const record = 21
	packet = u16(u16(packet, templateID), 4+FlowsPerPacket*record)
	n.log = append(n.log, Sending{n.flows + 1, now})
	source, destination := netflowSources.Addr().As4(), netflowDestinations.Addr().As4()
	for range FlowsPerPacket {
		n.flows++
		source[3], destination[3] = byte(n.flows%8), byte(n.flows%5)
		packet = append(append(packet, source[:]...), destination[:]...)
		packet = append(u16(u16(packet, uint16(1024+n.flows%60000)), 443), 6)
		packet = u32(u32(packet, 1), n.flows)
		pair := Pair{Source: netip.AddrFrom4(source), Destination: netip.AddrFrom4(destination)}
		s := n.sent[pair]
		n.sent[pair] = Sums{Packets: s.Packets + 1, Bytes: s.Bytes + uint64(n.flows)}
	}
	n.packets++
	n.sequence++
	_, err := n.connection.Write(packet)
	return err
}
