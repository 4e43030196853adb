package service

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
)

// geoFiles makes the two databases, which know 198.18.0.0/15 and 2001:db8::/32.
func geoFiles(tb testing.TB) (city, asn string) {
	tb.Helper()
	file := func(name string, record mmdbtype.Map) string {
		tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-" + name, IncludeReservedNetworks: true})
		if err != nil {
			tb.Fatal(err)
		}
		for _, network := range []string{"198.18.0.0/15", "2001:db8::/32"} {
			_, n, err := net.ParseCIDR(network)
			if err != nil {
				tb.Fatal(err)
			}
			if err := tree.Insert(n, record); err != nil {
				tb.Fatal(err)
			}
		}
		var b bytes.Buffer
		if _, err := tree.WriteTo(&b); err != nil {
			tb.Fatal(err)
		}
		path := filepath.Join(tb.TempDir(), name+".mmdb")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			tb.Fatal(err)
		}
		return path
	}
	en := func(text string) mmdbtype.Map {
		return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(text)}}
	}
	return file("City", mmdbtype.Map{
			"city": en("Vienna"), "continent": en("Europe"),
			"country":  mmdbtype.Map{"iso_code": mmdbtype.String("AT"), "names": mmdbtype.Map{"en": mmdbtype.String("Austria")}},
			"location": mmdbtype.Map{"latitude": mmdbtype.Float64(48.2), "longitude": mmdbtype.Float64(16.37)},
		}), file("ASN", mmdbtype.Map{
			"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example"),
		})
}

// build makes a collector whose first pipeline is driven by the test, without a sender behind it.
func build(tb testing.TB, change func(*config.Config)) *pipeline {
	tb.Helper()
	return buildAll(tb, change).pipelines()[0]
}

// buildAll makes a collector whose pipelines are driven by the test.
func buildAll(tb testing.TB, change func(*config.Config)) *service {
	tb.Helper()
	c := settings(func(c *config.Config) {
		c.HTTP.Address = ""
		c.Enrich.GeoIP.City, c.Enrich.GeoIP.ASN = geoFiles(tb)
		if change != nil {
			change(c)
		}
	})
	s, err := start(tb.Context(), c, Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.release(context.WithoutCancel(tb.Context()), true) })
	return s
}

// From the packet to the bulk buffer, hand-off included, nothing is allocated once templates and addresses are known.
func TestPipelineAllocatesNothing(t *testing.T) {
	p := build(t, func(c *config.Config) { c.Output.Elasticsearch.BatchBytes = 64 << 10 })
	from := netip.MustParseAddrPort("198.18.0.99:3000")
	now := time.Now()
	p.Packet(template9(0), from, now)
	if err := p.Message(template9(0), from, 1, now); err != nil {
		t.Fatal(err)
	}
	v5, v9 := netflow5(0, 30), netflow9(1, 25)
	round := func() {
		p.Packet(v5, from, now)
		p.Packet(v9, from, now)
		if err := p.Message(v9, from, 1, now); err != nil { // as over a connection
			t.Fatal(err)
		}
		p.Tick(now)
	}
	for range 20 {
		round()
	}
	before := p.flows.Load()
	if n := testing.AllocsPerRun(200, round); n != 0 {
		t.Errorf("%v allocations for three packets, want 0", n)
	}
	if n := p.flows.Load() - before; n != 201*80 { // one run to warm up
		t.Errorf("%d records decoded, want %d", n, 201*80)
	}
	p.batcher.Flush()
	p.Packet(v5, from, now)
	if doc := string(p.batcher.Begin()); !strings.Contains(doc, `"city_name":"Vienna"`) || !strings.Contains(doc, `"number":64500`) {
		t.Errorf("documents are not enriched: %.600s", doc)
	}
}

// While the output has no room, records are decoded and counted, and cost nothing besides; each of them is sent, waits or is counted as dropped.
func TestPipelineRefusesWhatThereIsNoRoomFor(t *testing.T) {
	s := buildAll(t, func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{"http://127.0.0.1:1"} // nobody is there
		c.Output.Elasticsearch.BatchBytes, c.Output.Elasticsearch.BufferBytes = 64<<10, 256<<10
	})
	p := s.pipelines()[0]
	outputs := func() output.Stats { return s.sink.Stats()[0] }
	waits := func() int {
		st := outputs()
		return int(p.flows.Load()) - int(st.Dropped[output.CauseBufferFull]) - st.Held.Documents
	}
	from, now := netip.MustParseAddrPort("198.18.0.99:3000"), time.Now()
	p.Packet(template9(0), from, now)
	v9 := netflow9(1, 25)
	for outputs().Dropped[output.CauseBufferFull] == 0 {
		p.Packet(v9, from, now)
	}
	before := outputs()
	waiting := waits()
	if n := testing.AllocsPerRun(200, func() { p.Packet(v9, from, now); p.Tick(now) }); n != 0 {
		t.Errorf("%v allocations for a packet that there is no room for, want 0", n)
	}
	after := outputs()
	if n := after.Dropped[output.CauseBufferFull] - before.Dropped[output.CauseBufferFull]; n != 201*25 || waits() != waiting {
		t.Errorf("%d dropped of %d records, and %d more wait", n, 201*25, waits()-waiting)
	}
	p.batcher.Flush() // drops them: there is no room
	if last := outputs(); int(last.Dropped[output.CauseBufferFull]) != int(after.Dropped[output.CauseBufferFull])+waiting || waits() != 0 || last.Sent != 0 {
		t.Errorf("%d records waited, %+v at the end", waiting, last)
	}
}

// A datagram of very many records does not hold their memory for ever.
func TestPipelineKeepsRoomForOrdinaryPackets(t *testing.T) {
	p := build(t, nil)
	from := netip.MustParseAddrPort("198.18.0.99:3000")
	const records = 20_000
	template := be(header9(0, 1), uint16(0), uint16(12), uint16(256), uint16(1), uint16(4), uint16(1)) // of the protocol alone
	data := be(header9(1, records), uint16(256), uint16(4+records), bytes.Repeat([]byte{17}, records))
	p.Packet(template, from, time.Now())
	p.Packet(data, from, time.Now())
	if n := p.flows.Load(); n != records || cap(p.records) > keptRecords {
		t.Errorf("%d flows; room for %d records is kept", n, cap(p.records))
	}
	p.Packet(netflow5(0, 30), from, time.Now())
	if n := p.flows.Load(); n != records+30 {
		t.Errorf("%d flows", n)
	}
}

func TestUndecodablePacketsAreCountedAndLoggedNowAndThen(t *testing.T) {
	log := &syncLog{}
	p := build(t, nil)
	p.logger = slog.New(slog.NewTextHandler(log, nil))
	from := netip.MustParseAddrPort("198.18.0.99:3000")
	now := time.Now()
	for range 1000 {
		p.Packet([]byte("garbage"), from, now)
	}
	p.Packet(netflow5(0, 30)[:100], from, now) // one record and a half: the whole one counts
	p.Packet([]byte("garbage"), from, now.Add(logEvery))
	if n := strings.Count(log.String(), "packet not decoded"); n != 2 {
		t.Errorf("%d lines, want 2:\n%s", n, log)
	}
	if !strings.Contains(log.String(), "from=198.18.0.99:3000") || !strings.Contains(log.String(), "packets=1001") {
		t.Errorf("log:\n%s", log)
	}
	if p.flows.Load() != 1 {
		t.Errorf("%d records, want 1", p.flows.Load())
	}
	snap := p.table.Snapshot()
	var refused uint64
	for _, n := range snap.Refused {
		refused += n
	}
	if refused != 1001 || snap.Total.Malformed != 1 {
		t.Errorf("snapshot %+v", snap)
	}
}

// BenchmarkPacketToBuffer reports the time for one record from the packet to the bulk buffer, both addresses enriched.
func BenchmarkPacketToBuffer(b *testing.B) {
	for name, packet := range map[string][]byte{"v5": netflow5(0, 30), "v9": netflow9(1, 25)} {
		b.Run(name, func(b *testing.B) {
			p := build(b, nil)
			from := netip.MustParseAddrPort("198.18.0.99:3000")
			now := time.Now()
			p.Packet(template9(0), from, now)
			p.Packet(packet, from, now)
			before := p.flows.Load()
			b.ReportAllocs()
			for b.Loop() {
				p.Packet(packet, from, now)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(p.flows.Load()-before), "ns/record")
		})
	}
}
