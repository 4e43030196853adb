package decode_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// formats are packets of one record each.
var formats = map[flow.Format][]byte{
	flow.NetFlow1: fixed(1, 16, 1, 52),
	flow.NetFlow5: fixed(5, 24, 1, 48),
	flow.NetFlow6: fixed(6, 24, 1, 52),
	flow.NetFlow7: fixed(7, 24, 1, 52),
	flow.NetFlow8: aggregated(5, 1, 40),
	flow.NetFlow9: packet9(set(0, list(256, 1, 1, 4)), set(256, u32(7))),
	flow.IPFIX:    message(set(2, list(256, 1, 2, 4)), set(256, u32(7))),
	flow.SFlow5:   sflow5(),
}

// TestEveryFormatOnOnePort: each packet says what it is, and from one exporter all may come.
func TestEveryFormatOnOnePort(t *testing.T) {
	c := newCollector(exporter.Limits{}, exporter.Policy{})
	mapped := exporter.Origin{Address: netip.MustParseAddr("::ffff:192.0.2.1")}
	for range 2 {
		for format, packet := range formats {
			got, err := c.decoder.Decode(nil, packet, mapped, received)
			if err != nil || len(got) != 1 || got[0].Format != format || got[0].Exporter != origin.Address {
				t.Errorf("%s: %+v, %v", format, got, err)
			}
		}
	}
	if snap := c.table.Snapshot(); len(snap.Sources) != len(formats) || len(snap.Devices) != 1 || snap.Total.Packets != uint64(2*len(formats)) || snap.Total.Malformed != 0 {
		t.Errorf("%+v", snap)
	}
}

func TestNoFormat(t *testing.T) {
	for cause, packets := range map[string][][]byte{
		"unsupported_version": {{0, 0}, {0, 2}, {0, 3}, {0, 4}, {0, 11}, {0xff, 0xff, 0, 0}, {0, 0, 0, 4}, make([]byte, 1500)},
		"too_short":           {nil, {0}, {0, 1}, {0, 5}, {0, 6, 0}, {0, 7}, {0, 8}, {0, 9}, {0, 10}, {0, 0, 0, 5}},
	} {
		for _, packet := range packets {
			c := newCollector(exporter.Limits{}, exporter.Policy{})
			got, err := c.decoder.Decode(nil, packet, origin, received)
			if snap := c.table.Snapshot(); err == nil || len(got) != 0 || snap.Refused[cause] != 1 || len(snap.Sources) != 0 {
				t.Errorf("%x: %d records, %v, %+v", packet, len(got), err, snap)
			}
		}
	}
}

// TestWhoMaySend: a packet of another yields nothing and makes no source, whatever its format.
func TestWhoMaySend(t *testing.T) {
	c := newCollector(exporter.Limits{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, exporter.Policy{})
	stranger := exporter.Origin{Address: netip.MustParseAddr("198.51.100.1")}
	for format, packet := range formats {
		if got, err := c.decoder.Decode(nil, packet, stranger, received); len(got) != 0 || err != nil {
			t.Errorf("%s: %d records, %v", format, len(got), err)
		}
		c.must(t, packet)
	}
	if snap := c.table.Snapshot(); snap.Refused["not_allowed"] != uint64(len(formats)) || len(snap.Sources) != len(formats) || snap.Total.Records != uint64(len(formats)) {
		t.Errorf("%+v", snap)
	}
}

// TestZones: the zone of a link-local address is the collector's own, and no part of the exporter's address.
func TestZones(t *testing.T) {
	link := netip.MustParseAddr("fe80::1")
	c := newCollector(exporter.Limits{Allow: []netip.Prefix{netip.MustParsePrefix("fe80::/10")}}, exporter.Policy{})
	for format, packet := range formats {
		got, err := c.decoder.Decode(nil, packet, exporter.Origin{Address: link.WithZone("eth0"), Session: 1}, received)
		if err != nil || len(got) != 1 || got[0].Exporter != link {
			t.Errorf("%s: %+v, %v", format, got, err)
		}
	}
}

// TestTooManyPackets of one address yield nothing, and cost the others nothing.
func TestTooManyPackets(t *testing.T) {
	const limit = 10
	c := newCollector(exporter.Limits{PacketsPerSecond: limit}, exporter.Policy{})
	other := exporter.Origin{Address: origin.Address.Next()}
	packet := formats[flow.NetFlow5]
	decode := func(from exporter.Origin, at time.Time) int {
		got, err := c.decoder.Decode(nil, packet, from, at)
		if err != nil {
			t.Fatal(err)
		}
		return len(got)
	}
	through := 0
	for range 100 {
		through += decode(origin, received)
	}
	if through != limit+1 { // the first makes the source known
		t.Errorf("%d of 100 came through", through)
	}
	if decode(other, received) != 1 || decode(origin, received.Add(time.Second)) != 1 {
		t.Error("the limit is of one address, and of one second")
	}
	snap := c.table.Snapshot()
	if snap.Refused["rate_limited"] != 100-limit-1 || snap.Devices[0].RateLimited != 100-limit-1 || snap.Total.Packets != limit+3 {
		t.Errorf("%+v", snap)
	}
}

// TestStreamsAreNotLimited: a message left out of a stream would cost what comes after it.
func TestStreamsAreNotLimited(t *testing.T) {
	c := newCollector(exporter.Limits{PacketsPerSecond: 1}, exporter.Policy{})
	records := 0
	for i := range 100 {
		got, err := c.decoder.Decode(nil, formats[flow.IPFIX], exporter.Origin{Address: origin.Address, Session: uint32(1 + i%2)}, received)
		if err != nil {
			t.Fatal(err)
		}
		records += len(got)
	}
	if refused := c.table.Snapshot().Refused["rate_limited"]; records != 100 || refused != 0 {
		t.Errorf("%d of 100 records, %d messages refused", records, refused)
	}
}

// TestRecordsAreValidUntilTheNextPacket: what one packet's records refer to is used again by the next, and by nothing in between.
func TestRecordsAreValidUntilTheNextPacket(t *testing.T) {
	c := newCollector(exporter.Limits{}, exporter.Policy{})
	packet := message(set(2, list(256, 2, 371, 65535, 136, 1)), set(256, []byte("\x03ann\x01\x03bob\x02")))
	got, err := c.decoder.Decode(nil, packet, origin, received)
	if err != nil || len(got) != 2 || string(got[0].Details.User) != "ann" || string(got[1].Details.User) != "bob" || got[0].Details.EndReason != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	again, err := c.decoder.Decode(got, message(set(256, []byte("\x00\x03"))), origin, received)
	if err != nil || len(again) != 3 || len(again[2].Details.User) != 0 || again[2].Details.EndReason != 3 {
		t.Errorf("%+v, %v", again[2].Details, err)
	}
}
