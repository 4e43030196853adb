package decode_test

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// sentBytes is when packets were sent, in Unix seconds as in their headers.
const sentBytes = "\x65\x53\xf1\x00"

var arrived = time.Unix(0x6553f100, 0)

func sender(address string, session uint32) exporter.Origin {
	return exporter.Origin{Address: netip.MustParseAddr(address), Session: session}
}

// oneFlow is a packet of a version without templates, of one flow of one packet and 100 octets, which a record counts from an offset on.
func oneFlow(version, header, record, counters int) []byte {
	b := make([]byte, header+record)
	binary.BigEndian.PutUint16(b, uint16(version))
	b[3] = 1 // flows
	copy(b[8:], sentBytes)
	b[header+counters+3], b[header+counters+7] = 1, 100
	return b
}

// oneFlow8 is a NetFlow v8 packet of flows between two autonomous systems.
func oneFlow8() []byte {
	b := oneFlow(8, 28, 28, 4)
	b[22], b[23] = 1, 2 // aggregation and its version
	return b
}

// announced is a NetFlow v9 packet or an IPFIX message: a template of a source address and octets, and a flow.
func announced(version int) []byte {
	body := []byte{
		0, 0, 0, 16, 1, 0, 0, 2, 0, 8, 0, 4, 0, 1, 0, 4,
		1, 0, 0, 12, 192, 0, 2, 7, 0, 0, 0, 100,
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(version))
	if version == 10 {
		body[1] = 2
		b = append(b, 0, 16+28)
	} else {
		b = append(b, 0, 2, 0, 0, 0, 0) // count, uptime
	}
	b = append(b, sentBytes...)
	b = append(b, 0, 0, 0, 1, 0, 0, 0, 1) // sequence, domain
	return append(b, body...)
}

// oneSample is a datagram of one flow sample: an IPv4 packet of 100 octets.
func oneSample() []byte {
	words := []uint32{
		5, 1, 0xc0000209, 0, 1, 3_600_000, 1, // of the agent 192.0.2.9, one sample
		1, 72, 1, 3, 1, 1, 0, 3, 4, 1, // flow_sample of interface 3, of every packet, with one record
		3, 32, 100, 6, 0xc0000207, 0xcb007101, 1000, 443, 0x1b, 0, // sampled_ipv4
	}
	var b []byte
	for _, w := range words {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

func oneOfEach() map[flow.Format][]byte {
	return map[flow.Format][]byte{
		flow.NetFlow1: oneFlow(1, 16, 48, 16),
		flow.NetFlow5: oneFlow(5, 24, 48, 16),
		flow.NetFlow6: oneFlow(6, 24, 52, 16),
		flow.NetFlow7: oneFlow(7, 24, 52, 16),
		flow.NetFlow8: oneFlow8(),
		flow.NetFlow9: announced(9),
		flow.IPFIX:    announced(10),
		flow.SFlow5:   oneSample(),
	}
}

func TestOnePortTakesAllFormats(t *testing.T) {
	table := exporter.NewTable(exporter.Limits{})
	d := decode.New(table)
	all := oneOfEach()
	for format, packet := range all {
		records, err := d.Decode(nil, packet, sender("192.0.2.1", 0), arrived)
		if err != nil || len(records) != 1 {
			t.Errorf("%v: %d records, %v", format, len(records), err)
			continue
		}
		if r := &records[0]; r.Format != format || r.Bytes != 100 || r.Exporter != netip.MustParseAddr("192.0.2.1") {
			t.Errorf("%v: %v, %d octets, of %v", format, r.Format, r.Bytes, r.Exporter)
		}
	}
	if n := len(table.Snapshot().Sources); n != len(all) {
		t.Errorf("%d exporting processes for %d formats", n, len(all))
	}
}

func TestWhatIsNoFlowPacket(t *testing.T) {
	for name, test := range map[string]struct {
		packet []byte
		cause  string
		reason string
	}{
		"empty":     {nil, "too_short", "packet of 0 octets is too short"},
		"one octet": {[]byte{0}, "too_short", "packet of 1 octets is too short"},
		"a header":  {[]byte{0, 5, 0, 1}, "too_short", "the header needs 24 octets"},
		"version 2": {append([]byte{0, 2}, make([]byte, 70)...), "unsupported_version", "version 2 is not supported"},
		"text":      {[]byte("GET / HTTP/1.1\r\n"), "unsupported_version", "version 18245 is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			table := exporter.NewTable(exporter.Limits{})
			records, err := decode.New(table).Decode(nil, test.packet, sender("192.0.2.1", 0), arrived)
			if len(records) != 0 || err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("%d records, %v", len(records), err)
			}
			if snap := table.Snapshot(); snap.Refused[test.cause] != 1 || len(snap.Sources) != 0 {
				t.Errorf("%d sources, refused %v", len(snap.Sources), snap.Refused)
			}
		})
	}
}

func TestIPv4InIPv6IsIPv4(t *testing.T) {
	table := exporter.NewTable(exporter.Limits{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}})
	d := decode.New(table)
	want := netip.MustParseAddr("192.0.2.1")
	for _, address := range []string{"192.0.2.1", "::ffff:192.0.2.1"} {
		records, err := d.Decode(nil, oneOfEach()[flow.NetFlow5], sender(address, 0), arrived)
		if err != nil || len(records) != 1 || records[0].Exporter != want {
			t.Errorf("from %s: %d records, %v", address, len(records), err)
		}
	}
	if snap := table.Snapshot(); len(snap.Sources) != 1 || snap.Sources[0].Key.Address != want {
		t.Errorf("sources %+v", snap.Sources)
	}
}

func TestWhoMayNotSend(t *testing.T) {
	table := exporter.NewTable(exporter.Limits{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	d := decode.New(table)
	for _, from := range []exporter.Origin{sender("198.51.100.1", 0), sender("2001:db8::1", 0), sender("198.51.100.1", 1)} {
		if records, err := d.Decode(nil, announced(10), from, arrived); err != nil || len(records) != 0 {
			t.Errorf("%v: %d records, %v", from, len(records), err)
		}
	}
	if snap := table.Snapshot(); snap.Refused["not_allowed"] != 3 || len(snap.Sources) != 0 {
		t.Errorf("%d sources, refused %v", len(snap.Sources), snap.Refused)
	}
}

func TestDatagramsAreLimited(t *testing.T) {
	table := exporter.NewTable(exporter.Limits{PacketsPerSecond: 10})
	d := decode.New(table)
	now := arrived
	decoded := func(sent int) (n int) {
		for range sent {
			records, err := d.Decode(nil, oneOfEach()[flow.NetFlow5], sender("192.0.2.1", 0), now)
			if err != nil {
				t.Fatal(err)
			}
			n += len(records)
		}
		return n
	}
	if n := decoded(50); n != 11 { // the first one makes the exporter known
		t.Errorf("%d of 50 at once, want 11", n)
	}
	now = now.Add(time.Second)
	if n := decoded(10); n != 10 {
		t.Errorf("%d of 10 a second later", n)
	}
	if n := table.Snapshot().Refused["rate_limited"]; n != 39 {
		t.Errorf("%d counted, want 39", n)
	}
}

// A message left out of a stream would cost what comes after it.
func TestStreamsAreNotLimited(t *testing.T) {
	table := exporter.NewTable(exporter.Limits{PacketsPerSecond: 1})
	d := decode.New(table)
	n := 0
	for i := range 100 {
		records, err := d.Decode(nil, announced(10), sender("192.0.2.1", uint32(1+i%2)), arrived)
		if err != nil {
			t.Fatal(err)
		}
		n += len(records)
	}
	if refused := table.Snapshot().Refused["rate_limited"]; n != 100 || refused != 0 {
		t.Errorf("%d of 100 records, %d messages refused", n, refused)
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	d := decode.New(exporter.NewTable(exporter.Limits{PacketsPerSecond: 1_000_000, Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}))
	var records []flow.Record
	all := oneOfEach()
	if n := testing.AllocsPerRun(100, func() {
		for _, packet := range all {
			for session := range uint32(2) {
				var err error
				if records, err = d.Decode(records[:0], packet, sender("192.0.2.1", session), arrived); err != nil || len(records) != 1 {
					t.Fatalf("%d records, %v", len(records), err)
				}
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
