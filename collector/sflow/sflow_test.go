package sflow_test

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/sflow"
)

// ordinaryHas is what the record of any sample has that came in by the sampled interface, and left by one.
const ordinaryHas = flow.HasStart | flow.HasEnd | flow.HasPackets | flow.HasInput | flow.HasOutput | flow.HasDirection

func TestSampledHeader(t *testing.T) {
	got, err := newCollector().decode(datagram("192.0.2.1", 9, 1001, flowSample(512, 3, 4, header(1, 1522, frame(7)))))
	if err != nil || len(got) != 1 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	r := &got[0]
	details := r.Details
	r.Details = nil
	now := received.UnixNano()
	want := flow.Record{
		Has: ordinaryHas | flow.HasBytes | flow.HasPorts | flow.HasProtocol | flow.HasTCPFlags | flow.HasTOS | flow.HasVLAN |
			flow.HasSourceMAC | flow.HasDestinationMAC,
		Source:      flow.Endpoint{Addr: netip.MustParseAddr("198.51.100.7"), Port: 1031, MAC: [6]byte{2, 0, 0, 0, 2, 7}},
		Destination: flow.Endpoint{Addr: netip.MustParseAddr("203.0.113.7"), Port: 443, MAC: [6]byte{2, 0, 0, 0, 1, 7}},
		Bytes:       1500, Packets: 1,
		Received: now, Exported: now, Start: now, End: now, Timestamp: now,
		Exporter: device, Domain: 9, Sequence: 1001, Format: flow.SFlow5,
		Protocol: 6, TCPFlags: 0x18, TOS: 0xb8, VLAN: 42,
		Sampling: flow.Sampling{Interval: 512, Source: flow.SamplingSFlow},
		Input:    3, Output: 4,
	}
	if !reflect.DeepEqual(*r, want) {
		t.Errorf("decoded as\n%+v, want\n%+v", *r, want)
	}
	if details == nil || details.Has != flow.HasMinTTL|flow.HasMaxTTL || details.MinTTL != 64 || details.MaxTTL != 64 || details.Agent.IsValid() {
		t.Errorf("details %+v", details)
	}
}

// TestInterfaces: section 5, "interface" and "sflow_data_source". The sampled interface is 3.
func TestInterfaces(t *testing.T) {
	const dropped, multiple, inside = 1 << 30, 2 << 30, 0x3fffffff
	three := [2]uint32{0, 3}
	for name, test := range map[string]struct {
		sample        []byte
		input, output uint32 // 0: not said
		direction     int    // -1: not said
		dropped       bool
	}{
		"in by the sampled one":        {flowSample(1, 3, 4), 3, 4, 0, false},
		"out by the sampled one":       {flowSample(1, 4, 3), 4, 3, 1, false},
		"in and out by it":             {flowSample(1, 3, 3), 3, 3, 0, false},
		"by others":                    {flowSample(1, 5, 6), 5, 6, -1, false},
		"not known":                    {flowSample(1, 0, 0), 0, 0, -1, false},
		"of the device itself":         {flowSample(1, inside, 3), 0, 3, 1, false},
		"for the device itself":        {flowSample(1, 3, inside), 3, 0, 0, false},
		"dropped":                      {flowSample(1, 3, dropped|258), 3, 0, 0, true},
		"to several":                   {flowSample(1, 3, multiple|5), 3, 0, 0, false},
		"sampled VLAN":                 {block(1, u32(77, 1<<24|3, 1, 9, 0, 3, 4, 0)), 3, 4, -1, false},
		"expanded":                     {expandedSample([2]uint32{0, 70_000_000}, [2]uint32{0, 70_000_000}, [2]uint32{0, 4}), 70_000_000, 4, 0, false},
		"expanded, out":                {expandedSample(three, [2]uint32{0, 4}, three), 4, 3, 1, false},
		"expanded, of the device":      {expandedSample(three, [2]uint32{0, inside}, three), 0, 3, 1, false},
		"expanded, of it in 32 bits":   {expandedSample(three, [2]uint32{0, 0xffffffff}, three), 0, 3, 1, false},
		"expanded, dropped":            {expandedSample(three, three, [2]uint32{1, 256}), 3, 0, 0, true},
		"expanded, to several":         {expandedSample(three, three, [2]uint32{2, 7}), 3, 0, 0, false},
		"expanded, sampled entity":     {expandedSample([2]uint32{2, 3}, three, three), 3, 3, -1, false},
		"expanded, format of tomorrow": {expandedSample(three, three, [2]uint32{9, 7}), 3, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newCollector().decode(ordinary(1, test.sample))
			if err != nil || len(got) != 1 {
				t.Fatalf("%d records, %v", len(got), err)
			}
			r := &got[0]
			if (r.Has&flow.HasInput != 0) != (test.input != 0) || (r.Has&flow.HasOutput != 0) != (test.output != 0) || r.Input != test.input || r.Output != test.output {
				t.Errorf("in by %d and out by %d, want %d and %d; has %b", r.Input, r.Output, test.input, test.output, r.Has)
			}
			direction := -1
			if r.Has&flow.HasDirection != 0 {
				direction = int(r.Direction)
			}
			if direction != test.direction {
				t.Errorf("direction %d, want %d", direction, test.direction)
			}
			if test.dropped != (r.Details != nil && r.Details.Has == flow.HasForwardingStatus && r.Details.ForwardingStatus == 128) {
				t.Errorf("details %+v", r.Details)
			}
		})
	}
}

func TestSamplingRate(t *testing.T) {
	for rate, want := range map[uint32]uint64{0: 1500, 1: 1500, 2: 3000, 4_000_000_000: 6_000_000_000_000} {
		got, err := newCollector().decode(ordinary(1, flowSample(rate, 3, 4, header(1, 1522, frame(1)))))
		if err != nil || len(got) != 1 || got[0].Sampling.Source != flow.SamplingSFlow || got[0].Sampling.Scale(got[0].Bytes) != want {
			t.Errorf("rate %d: %+v, %v", rate, got, err)
		}
	}
}

// TestAgent: it is told apart from the sender, which may be a relay or another address of the device.
func TestAgent(t *testing.T) {
	for agent, want := range map[string]string{
		"192.0.2.1":    "",
		"192.0.2.99":   "192.0.2.99",
		"2001:db8::99": "2001:db8::99",
		"0.0.0.0":      "",
		"":             "",
	} {
		got, err := newCollector().decode(datagram(agent, 0, 1, flowSample(1, 3, 4)))
		if err != nil || len(got) != 1 || got[0].Exporter != device {
			t.Fatalf("agent %q: %+v, %v", agent, got, err)
		}
		if d := got[0].Details; (d == nil) != (want == "") || d != nil && d.Agent.String() != want {
			t.Errorf("agent %q: details %+v", agent, d)
		}
	}
}

// TestCounters: section 5, "counters_sample", "if_counters"; the port name is of sflow_openflow.txt.
func TestCounters(t *testing.T) {
	want := flow.InterfaceCounters{
		Index: 3, Type: 6, Speed: 10_000_000_000, Direction: 1, AdminUp: true, OperUp: true,
		InOctets: 1<<32 + 7, InUnicast: 11, InMulticast: 12, InBroadcast: 13, InDiscards: 14, InErrors: 15, InUnknownProtocols: 16,
		OutOctets: 2<<32 + 7, OutUnicast: 21, OutMulticast: 22, OutBroadcast: 23, OutDiscards: 24, OutErrors: 25, Promiscuous: true,
	}
	name := block(1005, opaque([]byte("eth3")))
	others := [][]byte{block(2, make([]byte, 52)), block(9<<12|1, u32(1)), block(2000, []byte("x"))}
	for kind, sample := range map[string][]byte{
		"compact":  block(2, u32(1, 3, 5), counters(3, 7), name, join(others...)),
		"expanded": block(4, u32(1, 0, 3, 5), join(others...), name, counters(3, 7)),
	} {
		c := newCollector()
		got, err := c.decode(ordinary(1, sample))
		if err != nil || len(got) != 0 {
			t.Fatalf("%s: %d records, %v", kind, len(got), err)
		}
		i := c.source().Device().Interface(3)
		if i == nil || i.Counters != want || string(i.Name) != "eth3" {
			t.Errorf("%s: %+v", kind, i)
		}
		if s := c.table.Snapshot().Total; s.Packets != 1 || s.Records != 0 || s.Malformed != 0 {
			t.Errorf("%s: %+v", kind, s)
		}
	}
	// A name without an interface to go with it is nobody's.
	c := newCollector()
	if _, err := c.decode(ordinary(1, block(2, u32(1, 2<<24|3, 1), name))); err != nil || c.source().Device() != nil {
		t.Errorf("%+v, %v", c.source().Device(), err)
	}
}

// TestSequence: it counts datagrams, for each sub-agent on its own.
func TestSequence(t *testing.T) {
	c := newCollector()
	for _, d := range []struct{ subAgent, sequence uint32 }{{0, 10}, {1, 500}, {0, 11}, {1, 501}, {0, 15}, {0, 13}, {1, 3}, {0, 16}} {
		if _, err := c.decode(datagram(device.String(), d.subAgent, d.sequence, flowSample(1, 3, 4), flowSample(1, 3, 4))); err != nil {
			t.Fatal(err)
		}
	}
	snap := c.table.Snapshot()
	if len(snap.Sources) != 2 || snap.Sources[0].Key.Format != flow.SFlow5 || snap.Sources[1].Key.Domain != 1 {
		t.Fatalf("%+v", snap.Sources)
	}
	if s := snap.Sources[0]; s.SequenceLost != 3 || s.SequenceReordered != 1 || s.SequenceRestarted != 0 || s.Records != 10 || s.Packets != 5 {
		t.Errorf("sub-agent 0: %+v", s)
	}
	if s := snap.Sources[1]; s.SequenceLost != 0 || s.Records != 6 {
		t.Errorf("sub-agent 1: %+v", s)
	}
}

// TestDetailsAreOfOneDatagram: what was in the arena before is not seen in it.
func TestDetailsAreOfOneDatagram(t *testing.T) {
	c := newCollector()
	first, err := c.decode(ordinary(1, flowSample(1, 3, 4, header(1, 1522, frame(1)))))
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.decode(ordinary(2, flowSample(1, 3, 4, block(1030, u32(5)))))
	if err != nil {
		t.Fatal(err)
	}
	if first[0].Details != second[0].Details || second[0].Details.Has != flow.HasVNI {
		t.Errorf("details %p and %p: %+v", first[0].Details, second[0].Details, second[0].Details)
	}
}

func TestIs(t *testing.T) {
	for name, test := range map[string]struct {
		packet []byte
		want   bool
	}{
		"sFlow":      {ordinary(1), true},
		"NetFlow v5": {[]byte{0, 5, 0, 1, 0, 0, 0, 5}, false},
		"NetFlow v9": {[]byte{0, 9, 0, 1}, false},
		"IPFIX":      {[]byte{0, 10, 0, 16}, false},
		"sFlow v4":   {u32(4), false},
		"short":      {[]byte{0, 0, 0}, false},
		"empty":      {nil, false},
	} {
		if got := sflow.Is(test.packet); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestUnreadableHeaders(t *testing.T) {
	for name, test := range map[string]struct {
		packet []byte
		cause  exporter.Cause
		offset int
		reason string
	}{
		"empty":           {nil, exporter.TooShort, 0, "cut"},
		"only a version":  {u32(5), exporter.TooShort, 4, "cut"},
		"another version": {u32(4, 1, 2, 3, 4, 5, 6), exporter.UnsupportedVersion, 0, "version 4"},
		"a strange agent": {u32(5, 3, 2, 3, 4, 5, 6), exporter.TooShort, 4, "no type of address 3"},
		"cut":             {ordinary(1)[:27], exporter.TooShort, 27, "cut"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector()
			got, err := c.decode(test.packet)
			var failed *flow.PacketError
			if len(got) != 0 || !errors.As(err, &failed) || failed.Protocol != "sFlow" || failed.Offset != test.offset || !strings.Contains(failed.Reason, test.reason) {
				t.Errorf("%d records, %v", len(got), err)
			}
			if snap := c.table.Snapshot(); snap.Refused[test.cause.String()] != 1 || len(snap.Sources) != 0 {
				t.Errorf("%+v", snap)
			}
		})
	}
}
