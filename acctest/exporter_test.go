package acctest

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

func TestExporter(t *testing.T) {
	t.Run("sums", func(t *testing.T) {
		h := startHost(t, HostOptions{Name: "edge"})
		for _, test := range []struct {
			version string
			traffic []Traffic
		}{
			{"9", []Traffic{{}, {Conversations: 300, Exchanges: 40, Seed: 7}}},
			{"5", []Traffic{{IPv4Only: true}}},
		} {
			t.Run("version "+test.version, func(t *testing.T) { testExport(t, h, test.version, test.traffic) })
		}
	})
	checkClean(t)
}

// testExport compares what was sent with what two nfdump collectors received.
func testExport(t *testing.T, h *Host, version string, traffic []Traffic) {
	t.Helper()
	one, two := runNfcapd(t, h, 9991), runNfcapd(t, h, 9992)
	x, err := StartExporter(t.Context(), h, []string{"127.0.0.1:9991", "127.0.0.1:9992"}, version)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	want := map[Pair]Sums{}
	for _, tr := range traffic {
		sums, err := x.Send(t.Context(), tr)
		if err != nil {
			t.Fatal(err)
		}
		for p, s := range sums {
			want[p] = Sums{want[p].Packets + s.Packets, want[p].Bytes + s.Bytes}
		}
	}
	if err := x.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(want) < 40 {
		t.Errorf("only %d pairs were sent", len(want))
	}
	for _, n := range []*Nfcapd{one, two} {
		got, err := n.Sums(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, want) {
			t.Errorf("version %s: nfdump counts %d pairs, %d were sent, or their sums differ", version, len(got), len(want))
			for p, s := range want {
				if got[p] != s {
					t.Logf("%v: sent %v, nfdump %v", p, s, got[p])
				}
			}
		}
	}
}

func runNfcapd(t *testing.T, h *Host, port int) *Nfcapd {
	t.Helper()
	n, err := StartNfcapd(t.Context(), h.Netns, port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return n
}

func TestTraffic(t *testing.T) {
	frames, err := Traffic{}.frames()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Traffic{}.frames()
	if err != nil || !reflect.DeepEqual(frames, again) {
		t.Errorf("the same traffic twice is not the same: %v", err)
	}
	kinds, pairs, flags := map[layers.IPProtocol]int{}, map[Pair]bool{}, map[bool]int{}
	for _, f := range frames {
		packet := gopacket.NewPacket(f.data, layers.LayerTypeEthernet, gopacket.Default)
		if packet.ErrorLayer() != nil {
			t.Fatalf("frame does not decode: %v", packet.ErrorLayer().Error())
		}
		length, protocol := ipLength(t, packet)
		if length != f.bytes {
			t.Errorf("the IP header says %d bytes, the sums %d", length, f.bytes)
		}
		kinds[protocol]++
		pairs[f.pair] = true
		if tcp, ok := packet.TransportLayer().(*layers.TCP); ok {
			flags[tcp.SYN]++
		}
	}
	for _, p := range []layers.IPProtocol{layers.IPProtocolUDP, layers.IPProtocolTCP, layers.IPProtocolICMPv4, layers.IPProtocolICMPv6} {
		if kinds[p] == 0 {
			t.Errorf("no packet of %s among %v", p, slices.Collect(maps.Keys(kinds)))
		}
	}
	if len(pairs) < 80 || flags[true] == 0 || flags[false] == 0 {
		t.Errorf("%d pairs, TCP with SYN %d, without %d", len(pairs), flags[true], flags[false])
	}
	if _, err := (Traffic{Conversations: maxConversations + 1}).frames(); err == nil {
		t.Error("more conversations than ports were accepted")
	}
}

func ipLength(t *testing.T, packet gopacket.Packet) (uint64, layers.IPProtocol) {
	t.Helper()
	switch ip := packet.NetworkLayer().(type) {
	case *layers.IPv4:
		return uint64(ip.Length), ip.Protocol
	case *layers.IPv6:
		const header = 40
		return uint64(ip.Length) + header, ip.NextHeader
	default:
		t.Fatalf("no IP in %v", packet)
		return 0, 0
	}
}
