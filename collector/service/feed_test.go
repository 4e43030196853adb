package service

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
)

func TestStreamsAreShown(t *testing.T) {
	sd := newSystemd(t)
	authority := certtest.New(t)
	files := newTLSFiles(t)
	files.put(t, authority.Server(t, "collector"), authority)
	c := run(t, settings(func(c *config.Config) {
		c.Listen.IPFIXTCP = []string{"127.0.0.1:0", "127.0.0.1:0"}
		c.Listen.IPFIXTLS = []string{"127.0.0.1:0"}
		c.Listen.TLS = files.TLS
	}), Options{})
	if len(c.UDP) != 1 || len(c.TCP) != 2 || len(c.TLS) != 1 {
		t.Fatalf("addresses %+v", c.Addresses)
	}
	// A message without sets, then what is none.
	exporter, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(c.TCP[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = exporter.Close() }()
	if _, err := exporter.Write(append(ipfix(0), "GET / HTTP/1.1\r\n\r\n"...)); err != nil {
		t.Fatal(err)
	}
	if n, err := exporter.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d octets from the collector", n)
	}
	shake(t, c.TLS[0], certtest.New(t).Client(t, "stranger"))
	tcp, tls := "tcp://"+c.TCP[0].String(), "tls://"+c.TLS[0].String()
	for _, line := range []string{
		fmt.Sprintf(`flowcollector_stream_messages_total{listen="%s"} 1`, tcp),
		fmt.Sprintf(`flowcollector_stream_bytes_total{listen="%s"} 16`, tcp),
		fmt.Sprintf(`flowcollector_stream_connections{listen="%s"} 0`, tcp),
		fmt.Sprintf(`flowcollector_stream_connections_accepted_total{listen="%s"} 1`, tcp),
		fmt.Sprintf(`flowcollector_stream_connections_closed_total{cause="framing",listen="%s"} 1`, tcp),
		fmt.Sprintf(`flowcollector_stream_connections_refused_total{cause="too_many",listen="%s"} 0`, tcp),
		fmt.Sprintf(`flowcollector_stream_connections_closed_total{cause="handshake",listen="%s"} 1`, tls),
		fmt.Sprintf(`flowcollector_records_total{listen="%s"} 0`, tls),
		fmt.Sprintf(`flowcollector_packets_total{listen="%s"} 0`, c.UDP[0]),
	} {
		until(t, line, func() bool { _, text := c.get("/metrics"); return strings.Contains(text, line+"\n") })
	}
	_, text := c.get("/readyz")
	for _, line := range []string{"udp " + c.UDP[0].String(), "tcp " + c.TCP[0].String(), "tcp " + c.TCP[1].String(), "tls " + c.TLS[0].String()} {
		if !strings.Contains(text, "ok: listen: "+line+"\n") {
			t.Errorf("no %s in %s", line, text)
		}
	}
	if err := c.stop(); err != nil {
		t.Error(err)
	}
	if len(sd.all("READY=1")) != 1 {
		t.Errorf("systemd was told %q", sd.all(""))
	}
}

func TestStreamsAloneAreEnough(t *testing.T) {
	c := run(t, settings(func(c *config.Config) {
		c.Listen.UDP = nil
		c.Listen.IPFIXTCP = []string{"127.0.0.1:0"}
	}), Options{})
	if len(c.UDP) != 0 || len(c.TCP) != 1 {
		t.Errorf("addresses %+v", c.Addresses)
	}
	if err := c.stop(); err != nil {
		t.Error(err)
	}
}

func TestStreamAddressInUse(t *testing.T) {
	c := run(t, settings(func(c *config.Config) { c.Listen.IPFIXTCP = []string{"127.0.0.1:0"} }), Options{})
	want := "unable to listen on " + c.TCP[0].String() + ": address already in use"
	err := Run(t.Context(), settings(func(other *config.Config) { other.Listen.IPFIXTCP = []string{c.TCP[0].String()} }), Options{Logger: slog.New(slog.DiscardHandler)})
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// What an exporter announced over a connection is valid for this connection only.
func TestTemplatesEndWithTheirConnection(t *testing.T) {
	p := build(t, nil)
	from := netip.MustParseAddrPort("198.18.0.99:3000")
	now := time.Now()
	send := func(packet []byte, session uint32, want uint64) {
		t.Helper()
		if err := p.Message(packet, from, session, now); err != nil {
			t.Error(err)
		}
		if n := p.flows.Load(); n != want {
			t.Errorf("session %d: %d records, want %d", session, n, want)
		}
	}
	send(template9(0), 1, 0)
	send(netflow9(1, 3), 1, 3)
	send(netflow9(1, 3), 2, 3) // without a template of its own
	p.End(1)
	send(netflow9(2, 3), 3, 3)
	send(template9(3), 3, 6) // and what waited is decoded
	if snap := p.table.Snapshot(); snap.Ended != 1 || snap.Total.Records != 6 {
		t.Errorf("%d sources ended, %d records", snap.Ended, snap.Total.Records)
	}
}

// UDP and TCP on one address and port are the usual way to take IPFIX; their series must not be the same.
func TestLabelsTellProtocolsApart(t *testing.T) {
	for {
		socket, err := receive.ListenGroup(t.Context(), "127.0.0.1:0", receive.GroupOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = socket.Close() }()
		listener, err := receive.ListenStream(t.Context(), socket.LocalAddr().String(), receive.StreamOptions{})
		if err != nil {
			continue // somebody has the port
		}
		defer func() { _ = listener.Close() }()
		at := socket.LocalAddr().String()
		if udp, tcp := label(datagrams{socket}), label(streams{listener, "tcp"}); udp != at || tcp != "tcp://"+at {
			t.Errorf("labels %s and %s", udp, tcp)
		}
		return
	}
}

// ipfix makes an IPFIX message of sets.
func ipfix(sequence uint32, sets ...[]byte) []byte {
	body := be(nil, uint32(time.Now().Unix()), sequence, uint32(7))
	for _, s := range sets {
		body = append(body, s...)
	}
	return append(be(nil, uint16(10), uint16(4+len(body))), body...)
}
