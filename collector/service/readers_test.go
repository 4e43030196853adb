package service

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// connectionsOf sends to an address of loopback from so many others, which are exporters.
func connectionsOf(tb testing.TB, exporters int, to netip.AddrPort) []*net.UDPConn {
	tb.Helper()
	all := make([]*net.UDPConn, exporters)
	for i := range all {
		c, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 2, byte(i+1))}, net.UDPAddrFromAddrPort(to))
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = c.Close() })
		all[i] = c
	}
	return all
}

// The readers of an address are one listener in metrics: nothing is there twice, and sums are right.
func TestReadersAreSummed(t *testing.T) {
	c := run(t, settings(func(c *config.Config) { c.Listen.Readers = 3 }), Options{})
	const exporters, packets = 12, 5
	for _, s := range connectionsOf(t, exporters, c.UDP[0]) {
		for i := range packets {
			if _, err := s.Write(netflow5(uint32(30*i), 30)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, line := range []string{
		fmt.Sprintf(`flowcollector_packets_total{listen="%s"} %d`, c.UDP[0], exporters*packets),
		fmt.Sprintf(`flowcollector_records_total{listen="%s"} %d`, c.UDP[0], exporters*packets*30),
		fmt.Sprintf(`flowcollector_exporters{listen="%s"} %d`, c.UDP[0], exporters),
		fmt.Sprintf(`flowcollector_exporter_packets_total{exporter="127.0.2.1",listen="%s"} %d`, c.UDP[0], packets),
		fmt.Sprintf(`flowcollector_exporter_sequence_units_total{exporter="127.0.2.1",listen="%s"} %d`, c.UDP[0], packets*30),
		fmt.Sprintf(`flowcollector_exporter_sequence_lost_total{exporter="127.0.2.1",listen="%s"} 0`, c.UDP[0]),
		fmt.Sprintf(`flowcollector_socket_drops_total{listen="%s"} 0`, c.UDP[0]),
	} {
		until(t, line, func() bool { _, text := c.get("/metrics"); return strings.Contains(text, line+"\n") })
	}
	_, text := c.get("/metrics")
	for reader := range 3 {
		if !strings.Contains(text, fmt.Sprintf(`flowcollector_reader_packets_total{listen="%s",reader="%d"} `, c.UDP[0], reader)) {
			t.Errorf("no reader %d in\n%s", reader, text)
		}
	}
	if _, ready := c.get("/readyz"); strings.Count(ready, "ok: listen: ") != 1 {
		t.Errorf("ready:\n%s", ready)
	}
	if err := c.stop(); err != nil {
		t.Error(err)
	}
}

// By default there is a reader for each processor.
func TestReadersByDefault(t *testing.T) {
	for set, want := range map[int]int{0: runtime.GOMAXPROCS(0), 5: 5} {
		if got := readers(config.Listen{Readers: set}); got != want {
			t.Errorf("%d readers of %d, want %d", got, set, want)
		}
	}
}

// What the queue of an output refuses is counted for whose it is.
func TestDropsAreCountedByExporter(t *testing.T) {
	es := newElastic(t)
	es.away = true
	c := run(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Output.Elasticsearch.BatchBytes, c.Output.Elasticsearch.BufferBytes = 64<<10, 64<<10
		c.Listen.Readers = 2
	}), Options{DrainTime: time.Nanosecond})
	senders := connectionsOf(t, 2, c.UDP[0])
	sent := 0
	dropped := func(text, metric string) (n float64) {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "flowcollector_"+metric) {
				var v float64
				_, _ = fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &v)
				n += v
			}
		}
		return n
	}
	until(t, "drops of both exporters", func() bool {
		for _, s := range senders {
			_, _ = s.Write(netflow5(uint32(sent*30), 30))
		}
		sent++
		_, text := c.get("/metrics")
		first := dropped(text, `exporter_flows_dropped_total{exporter="127.0.2.1"`)
		second := dropped(text, `exporter_flows_dropped_total{exporter="127.0.2.2"`)
		return first > 0 && second > 0
	})
	until(t, "the sum", func() bool {
		_, text := c.get("/metrics")
		return dropped(text, "exporter_flows_dropped_total") == dropped(text, `flows_dropped_total{cause="buffer_full",output="elasticsearch"}`)
	})
	_ = c.stop() // what is buffered is not stored, it says
}

// Readers wait for each other when they hand batches over, and at no other time.
func TestReadersShareNoLock(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0))))
	defer runtime.SetMutexProfileFraction(runtime.SetMutexProfileFraction(1))
	s := buildAll(t, func(c *config.Config) { c.Listen.Readers = 2 })
	var running sync.WaitGroup
	for reader, p := range s.listeners()[0].pipelines {
		running.Go(func() {
			from, now := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, 0, byte(reader + 1)}), 3000), time.Now()
			v5 := netflow5(0, 30)
			p.Packet(template9(0), from, now)
			for i := range 5_000 {
				p.Packet(v5, from, now)
				p.Packet(netflow9(uint32(i+1), 25), from, now)
			}
		})
	}
	running.Wait()
	records := make([]runtime.BlockProfileRecord, 10_000)
	n, ok := runtime.MutexProfile(records)
	if !ok {
		t.Fatalf("%d places at which somebody waited", n)
	}
	for _, r := range records[:n] {
		var stack []string
		decoding, handing := false, false
		for frames, more := runtime.CallersFrames(r.Stack()), true; more; {
			var f runtime.Frame
			f, more = frames.Next()
			stack = append(stack, f.Function)
			decoding = decoding || strings.HasSuffix(f.Function, "(*pipeline).Packet")
			handing = handing || strings.Contains(f.Function, "/output.(*Batcher)")
		}
		if decoding && !handing {
			t.Errorf("a reader waited for another, %d times, in\n%s", r.Count, strings.Join(stack, "\n"))
		}
	}
}

// BenchmarkReaders is the way from packets to documents, both addresses enriched, with a reader for each processor that has exporters of its own, as
// the kernel shares them: compare flows/s of -cpu 1,2. Receiving is left out: whoever sends needs the same processors.
func BenchmarkReaders(b *testing.B) {
	s := buildAll(b, func(c *config.Config) { c.Listen.Readers = 0 })
	l := s.listeners()[0]
	const exporters = 64
	packet, now := netflow5(0, 30), time.Now()
	of := make([][]netip.AddrPort, len(l.pipelines)) // exporters of each reader
	for i := range exporters {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, 0, byte(i + 1)}), 3000)
		reader := i % len(of)
		of[reader] = append(of[reader], from)
	}
	for reader, p := range l.pipelines {
		for _, from := range of[reader] {
			p.Packet(packet, from, now)
		}
	}
	before := l.flows()
	var next atomic.Int64
	const bunch = 1000 // packets for one reader at a time
	b.ReportAllocs()
	b.ResetTimer()
	var running sync.WaitGroup
	for reader, p := range l.pipelines {
		running.Go(func() {
			for next.Add(bunch) <= int64(b.N)+bunch-1 {
				for i := range bunch {
					p.Packet(packet, of[reader][i%len(of[reader])], now)
				}
			}
		})
	}
	running.Wait()
	b.ReportMetric(float64(l.flows()-before)/b.Elapsed().Seconds(), "flows/s")
}
