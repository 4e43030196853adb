package acctest

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestMeters: what each exporter says about the traffic adds up to what was generated, in the eyes of the collector and of nfdump.
func TestMeters(t *testing.T) {
	t.Run("sums", func(t *testing.T) {
		for _, m := range Meters {
			t.Run(m.Name, func(t *testing.T) {
				// Most of the time is waiting for programs. Only what softflowd is filled up with could push other frames out of a busy kernel.
				if m.Package != "softflowd" {
					t.Parallel()
				}
				testMeter(t, m)
			})
		}
	})
	checkClean(t)
}

func testMeter(t *testing.T, m Meter) {
	t.Helper()
	target := netip.MustParseAddrPort("127.0.0.1:2055")
	x, err := StartMeter(t.Context(), m, target.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	datagrams, want, err := x.Export(t.Context(), m.Traffic, target)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) < 20 {
		t.Errorf("only %d pairs were sent", len(want))
	}
	for p, s := range want {
		want[p] = Sums{s.Packets, s.Bytes + s.Packets*m.Overhead}
	}
	if got := decodedSums(t, datagrams); got != nil {
		compareSums(t, "the collector", got, want)
	}
	switch {
	case m.Misread != "":
		t.Log(m.Misread)
	case m.SFlow:
		compareSums(t, "nfdump", nfdumpSums(t, x, m, datagrams), frameSums(t, m.Traffic))
	default:
		compareSums(t, "nfdump", nfdumpSums(t, x, m, datagrams), want)
	}
}

// frameSums are the sums of Ethernet frames, which nfdump takes from sFlow samples, with their checksums.
func frameSums(t *testing.T, traffic Traffic) map[Pair]Sums {
	t.Helper()
	frames, err := traffic.frames()
	if err != nil {
		t.Fatal(err)
	}
	const checksum = 4
	sums := map[Pair]Sums{}
	for _, f := range frames {
		sums[f.pair] = Sums{sums[f.pair].Packets + 1, sums[f.pair].Bytes + uint64(len(f.data)) + checksum}
	}
	return sums
}

func compareSums(t *testing.T, who string, got, want map[Pair]Sums) {
	t.Helper()
	delete(got, trailerPair)
	if maps.Equal(got, want) {
		return
	}
	t.Errorf("%s counts %d pairs, %d were sent, or their sums differ", who, len(got), len(want))
	shown := 0
	for p, s := range want {
		if got[p] != s && shown < 5 {
			t.Logf("%v: sent %v, %s counts %v", p, s, who, got[p])
			shown++
		}
	}
}

// decodedSums decodes datagrams with the collector's decoder and adds up both directions of what it says. It is nil when the decoder does
// not know the format.
func decodedSums(t *testing.T, datagrams []Datagram) map[Pair]Sums {
	t.Helper()
	decoder := decode.New(exporter.NewTable(exporter.Limits{}))
	sums := map[Pair]Sums{}
	add := func(p Pair, packets, bytes uint64) {
		if packets > 0 {
			sums[p] = Sums{sums[p].Packets + packets, sums[p].Bytes + bytes}
		}
	}
	var records []flow.Record
	for _, d := range datagrams {
		var err error
		records, err = decoder.Decode(records[:0], d.Payload, exporter.Origin{Address: d.From.Addr()}, d.Received)
		var failed *flow.PacketError
		if errors.As(err, &failed) && failed.Protocol == "" {
			t.Logf("the collector does not know this format: %v", err)
			return nil
		}
		if err != nil {
			t.Errorf("unable to decode: %v", err)
		}
		for i := range records {
			r := &records[i]
			add(Pair{r.Source.Addr, r.Destination.Addr}, r.Packets, r.Bytes)
			if r.Details != nil {
				add(Pair{r.Destination.Addr, r.Source.Addr}, r.Details.ReversePackets, r.Details.ReverseBytes)
			}
		}
	}
	return sums
}

func nfdumpSums(t *testing.T, x *Exporter, m Meter, datagrams []Datagram) map[Pair]Sums {
	t.Helper()
	const port = 9995
	start := StartNfcapd
	if m.SFlow {
		start = StartSfcapd
	}
	n, err := start(t.Context(), x.Netns, port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := Replay(t.Context(), x.Netns, datagrams, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)); err != nil {
		t.Fatal(err)
	}
	sums, err := n.Sums(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sums
}
