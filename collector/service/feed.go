package service

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive"
)

// feed is where the packets of a pipeline come from: one address, over one protocol.
type feed interface {
	protocol() string // udp, tcp or tls
	LocalAddr() netip.AddrPort
	// readers is how many pipelines it has: run is called for each.
	readers() int
	// settle gives the pipelines, before they run, what came for them while there was another number of readers.
	settle(pipelines []*pipeline)
	// run hands packets to p until ctx ends, or the feed fails.
	run(ctx context.Context, p *pipeline) error
	// Close ends the feed of this process. Sockets that systemd keeps stay bound for the next one, unless Forget was called.
	Close() error
	Forget()
	// collect reports the figures of the feed under the label listen.
	collect(m *metrics, counter counterFunc, gauge gaugeFunc, listen string)
	// change puts what settings say about feeds that are open into force, where it is different from before.
	change(before, now config.Listen) error
	// kernelDrops is how many packets the kernel dropped since this process has the feed.
	kernelDrops() uint64
}

// bound names a feed as settings do: udp, tcp or tls, and the address.
type bound struct{ protocol, address string }

// listenNames lists what settings name.
func listenNames(l config.Listen) []bound {
	var all []bound
	for _, list := range []struct {
		protocol  string
		addresses []string
	}{{"udp", l.UDP}, {"tcp", l.IPFIXTCP}, {"tls", l.IPFIXTLS}} {
		for _, address := range list.addresses {
			all = append(all, bound{list.protocol, address})
		}
	}
	return all
}

// label names a feed in metrics. UDP has the bare address; the same address and port may serve TCP as well.
func label(f feed) string {
	if f.protocol() == "udp" {
		return f.LocalAddr().String()
	}
	return f.protocol() + "://" + f.LocalAddr().String()
}

// datagrams are a feed of UDP packets.
type datagrams struct{ *receive.Group }

func (datagrams) protocol() string { return "udp" }

func (d datagrams) readers() int { return d.Readers() }

func (d datagrams) settle(pipelines []*pipeline) {
	handlers := make([]receive.Handler, len(pipelines))
	for i, p := range pipelines {
		handlers[i] = p
	}
	d.Settle(handlers)
}

func (d datagrams) run(ctx context.Context, p *pipeline) error { return d.Run(ctx, p.reader, p) }

func (d datagrams) change(before, now config.Listen) error {
	if before.ReceiveBuffer == now.ReceiveBuffer {
		return nil
	}
	return d.Resize(int(now.ReceiveBuffer))
}

func (d datagrams) kernelDrops() uint64 { return d.Stats().Drops }

func (d datagrams) collect(m *metrics, counter counterFunc, gauge gaugeFunc, listen string) {
	s := d.Stats()
	counter(m.packets, s.Packets, listen)
	counter(m.packetBytes, s.Bytes, listen)
	counter(m.socketDrops, s.Drops+s.Earlier, listen)
	gauge(m.socketBuffer, float64(d.Buffer()), listen)
	for i := range d.Readers() {
		one := d.StatsOf(i)
		counter(m.readerPackets, one.Packets, listen, strconv.Itoa(i))
		counter(m.readerDrops, one.Drops+one.Earlier, listen, strconv.Itoa(i))
	}
}

// streams are a feed of IPFIX messages over connections.
type streams struct {
	*receive.StreamListener
	name string // tcp or tls
}

func (s streams) protocol() string { return s.name }

// readers is one: connections take turns.
func (streams) readers() int { return 1 }

func (streams) settle([]*pipeline) {}

func (s streams) run(ctx context.Context, p *pipeline) error { return s.Run(ctx, p) }

func (s streams) change(_, now config.Listen) error {
	s.Adjust(now.MaxConnections, now.MaxPerAddress, time.Duration(now.IdleTimeout))
	return nil
}

// kernelDrops is none: an exporter that is too fast has to wait.
func (streams) kernelDrops() uint64 { return 0 }

func (s streams) collect(m *metrics, counter counterFunc, gauge gaugeFunc, listen string) {
	st := s.Stats()
	gauge(m.streamConnections, float64(st.Connections), listen)
	counter(m.streamAccepted, st.Accepted, listen)
	for cause, n := range st.Refused {
		counter(m.streamRefused, n, listen, cause)
	}
	for cause, n := range st.Closed {
		counter(m.streamClosed, n, listen, cause)
	}
	counter(m.streamMessages, st.Messages, listen)
	counter(m.streamBytes, st.Bytes, listen)
}
