package recent

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// ordinary is n documents as the encoder writes them with the full profile and both addresses enriched: 10,000 hosts inside, 50,000 outside.
func ordinary(r *rand.Rand, from, n int) []byte {
	var b []byte
	cities := []string{"Vienna", "Graz", "Linz", "Berlin", "Ashburn", "Frankfurt am Main", "San Jose", "Tokyo"}
	names := []string{"https", "dns", "http", "ssh", "ntp", "imaps"}
	ports := []int{443, 53, 80, 22, 123, 993}
	for i := range n {
		service, city := r.IntN(len(names)), r.IntN(len(cities))
		inside, outside := 10<<24+r.IntN(10_000), 198<<24+r.IntN(50_000)*37
		octets := r.IntN(100) * r.IntN(15_000)
		port := 32768 + r.IntN(28_000)
		b = fmt.Appendf(b, `{"@timestamp":%q,"ecs":{"version":"1.12.0"},"event":{"duration":%d000000},"observer":{"ip":"192.0.2.%d","ingress":{"interface":{"id":"%d","name":"ge-0/0/%d"}},`+
			`"egress":{"interface":{"id":"12","name":"ge-0/0/12"}}},"network":{"type":"ipv4","transport":"tcp","bytes":%d,"packets":%d,"application":%q,"direction":"outbound"},`+
			`"source":{"ip":"10.%d.%d.%d","port":%d},"destination":{"ip":"198.%d.%d.%d","as":{"number":%d,"organization":{"name":"Example Networks %d"}},`+
			`"geo":{"country_iso_code":"AT","city_name":%q,"location":[16.37,48.2]},"port":%d},"client":{"ip":"10.%d.%d.%d"},"server":{"ip":"198.%d.%d.%d","port":%d},`+
			`"flow":{"format":"netflow9","tcp_flags":["SYN","PSH","ACK"],"dscp":"CS0"}}`+"\n",
			epoch.Add(time.Duration(from+i)*time.Millisecond).Format("2006-01-02T15:04:05.000Z"), r.IntN(60_000), r.IntN(4), service, service, octets, 1+octets/900, names[service],
			inside>>16&255, inside>>8&255, inside&255, port, outside>>16&255, outside>>8&255, outside&255, 64500+city, city, cities[city], ports[service],
			inside>>16&255, inside>>8&255, inside&255, outside>>16&255, outside>>8&255, outside&255, ports[service])
	}
	return b
}

// processor is the time that the process has used: other than time on the wall it says the same on a busy machine.
func processor(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano() + u.Stime.Nano())
}

const batch = 3000 // flows of a buffer of two megabytes

// BenchmarkAppend reports what a flow costs to keep: time, allocations, and octets on the disk.
func BenchmarkAppend(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	w := newWriter(b, b.TempDir(), func(o *Options) { o.MaxBytes = 1 << 30 })
	batches := make([][]byte, 16)
	for i := range batches {
		batches[i] = ordinary(r, i*batch, batch)
	}
	b.ReportAllocs()
	i, before := 0, processor(b)
	for b.Loop() {
		if _, _, err := w.Append(batches[i%len(batches)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
	flows := float64(i) * batch
	b.ReportMetric((processor(b)-before)/flows, "cpu-ns/flow")
	w.seal()
	w.publish()
	b.ReportMetric(float64(w.Stats().Bytes)/float64(w.Stats().Flows), "B/flow")
	b.ReportMetric(float64(len(batches[0]))/batch, "B/document")
}

// BenchmarkRead reports what the columns of a document cost to find.
func BenchmarkRead(b *testing.B) {
	doc := ordinary(rand.New(rand.NewPCG(1, 1)), 0, 1)
	var d reader
	var into row
	b.ReportAllocs()
	for b.Loop() {
		if err := d.read(doc, &into); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSearch searches a million flows.
func BenchmarkSearch(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	w := newWriter(b, b.TempDir(), func(o *Options) { o.MaxBytes = 1 << 30 })
	const flows = 1_000_000
	for i := 0; i < flows; i += 20_000 {
		if _, _, err := w.Append(ordinary(r, i, 20_000)); err != nil {
			b.Fatal(err)
		}
	}
	for _, s := range []struct {
		name string
		q    Query
	}{
		{"newest", Query{}},
		{"newest of a minute", Query{From: epoch.Add(500 * time.Second), To: epoch.Add(560 * time.Second)}},
		{"host", Query{Either: netip.MustParsePrefix("10.0.3.7/32")}},
		{"network and port by bytes", Query{Destination: netip.MustParsePrefix("198.0.0.0/12"), Port: 443, Order: Octets}},
		{"application", Query{Application: "ssh"}},
		{"nothing", Query{Application: "absent"}},
	} {
		b.Run(s.name, func(b *testing.B) {
			s.q.Budget = time.Hour
			before := processor(b)
			for b.Loop() {
				if got, err := w.Store().Search(b.Context(), s.q); err != nil || got.Partial {
					b.Fatal(got.Problem, err)
				}
			}
			b.ReportMetric((processor(b)-before)/float64(b.N)/1e6, "cpu-ms/search")
		})
	}
}

// The columns of a document are read without an allocation, once the reader knows the texts.
func TestReadAllocatesNothing(t *testing.T) {
	doc := ordinary(rand.New(rand.NewPCG(1, 1)), 0, 1)
	var d reader
	var into row
	if n := testing.AllocsPerRun(100, func() {
		if err := d.read(doc, &into); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if into.source.port == 0 || into.destination.as == 0 || into.destination.country != "AT" || into.time == 0 || into.protocol != 6 || !into.exporter.IsValid() {
		t.Errorf("%+v", into)
	}
}
