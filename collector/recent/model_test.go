package recent

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// modelled is a flow as the model has it.
type modelled struct {
	Flow
	order int // of arrival
}

var epoch = time.Date(2026, 9, 21, 14, 0, 0, 0, time.UTC)

var (
	transports   = []string{"tcp", "udp", "icmp", "ipv6-icmp", ""}
	countries    = []string{"AT", "US", "DE", ""}
	applications = []string{"https", "dns", `with "quotes" & ü`, ""}
)

// randomFlow is one of few values for each field, so that queries find some.
func randomFlow(r *rand.Rand, order int) modelled {
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	address := func() netip.Addr {
		if r.IntN(3) == 0 {
			a := [16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 5: byte(r.IntN(2)), 15: byte(r.IntN(8))}
			return netip.AddrFrom16(a)
		}
		return netip.AddrFrom4([4]byte{byte([]int{0, 10, 127, 128, 192, 255}[r.IntN(6)]), byte(r.IntN(2)), 0, byte(r.IntN(8))})
	}
	side := func() Side {
		return Side{Address: address(), Port: uint16([]int{0, 53, 443, 40000, 65535}[r.IntN(5)]), AS: uint32([]int{0, 64500, 4200000000}[r.IntN(3)]), Country: pick(countries)}
	}
	amount := func() uint64 {
		if r.IntN(50) == 0 {
			return []uint64{math.MaxInt64, math.MaxUint32, 1 << 62}[r.IntN(3)]
		}
		return uint64(r.IntN(2000))
	}
	f := Flow{
		// Mostly one after the other, with a clock that jumps now and then.
		Time:     epoch.Add(time.Duration(order)*7*time.Millisecond + time.Duration(r.IntN(500)-250)*time.Millisecond),
		Exporter: netip.AddrFrom4([4]byte{192, 0, 2, byte(r.IntN(3))}), Source: side(), Destination: side(), Transport: pick(transports),
		Octets: amount(), Packets: amount(), Application: pick(applications),
	}
	if r.IntN(200) == 0 {
		f.Time = f.Time.Add(time.Duration(r.IntN(7200)-3600) * time.Second)
	}
	f.Protocol, _ = schema.ProtocolNumber(f.Transport)
	return modelled{f, order}
}

// document writes a flow as the encoder does.
func (f *Flow) document() []byte {
	var b bytes.Buffer
	side := func(name string, s Side) {
		fmt.Fprintf(&b, `,%q:{"ip":%q`, name, s.Address)
		if s.AS != 0 {
			fmt.Fprintf(&b, `,"as":{"number":%d,"organization":{"name":"Example \"AS\""}}`, s.AS)
		}
		if s.Country != "" {
			fmt.Fprintf(&b, `,"geo":{"location":[16.37,48.2],"country_iso_code":%q}`, s.Country)
		}
		if s.Port != 0 {
			fmt.Fprintf(&b, `,"port":%d`, s.Port)
		}
		b.WriteByte('}')
	}
	fmt.Fprintf(&b, `{"@timestamp":%q,"ecs":{"version":"1.12.0"},"observer":{"ip":%q},"network":{`, f.Time.UTC().Format("2006-01-02T15:04:05.000Z"), f.Exporter)
	if f.Transport != "" {
		fmt.Fprintf(&b, `"transport":%q,`, f.Transport)
	}
	if f.Application != "" {
		name, err := json.Marshal(f.Application)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, `"application":%s,`, name)
	}
	fmt.Fprintf(&b, `"bytes":%d,"packets":%d}`, f.Octets, f.Packets)
	side("source", f.Source)
	side("destination", f.Destination)
	b.WriteString(`,"flow":{"format":"netflow9","tcp_flags":["SYN","ACK"],"locality":null}}` + "\n")
	return b.Bytes()
}

func randomQuery(r *rand.Rand, flows []modelled) Query {
	var q Query
	some := flows[r.IntN(len(flows))]
	prefix := func(a netip.Addr) netip.Prefix {
		bits := []int{0, 1, 8, a.BitLen() - 3, a.BitLen(), r.IntN(a.BitLen() + 1)}[r.IntN(6)]
		return netip.PrefixFrom(a, bits)
	}
	maybe := func(set func()) {
		if r.IntN(6) == 0 {
			set()
		}
	}
	maybe(func() { q.From = some.Time.Add(-time.Duration(r.IntN(5000)) * time.Millisecond) })
	maybe(func() { q.To = some.Time.Add(time.Duration(r.IntN(5000)+1) * time.Millisecond) })
	maybe(func() { q.Either = prefix(some.Destination.Address) })
	maybe(func() { q.Source = prefix(some.Source.Address) })
	maybe(func() { q.Destination = prefix(some.Destination.Address) })
	maybe(func() { q.Port = some.Source.Port })
	maybe(func() { q.Protocol = some.Protocol })
	maybe(func() { q.Exporter = some.Exporter })
	maybe(func() { q.AS = some.Destination.AS })
	maybe(func() { q.Country = strings.ToLower(some.Source.Country) })
	maybe(func() { q.Application = strings.ToUpper(some.Application) })
	q.Order = Order(r.IntN(len(orders)))
	q.Limit = 1 + r.IntN(40)
	if r.IntN(3) == 0 {
		q.Offset = r.IntN(60)
	}
	q.Budget = time.Hour
	return q
}

// wants is what a query means, said another way than in SQL.
func (q *Query) wants(f *modelled) bool {
	in := func(p netip.Prefix, a ...netip.Addr) bool { return !p.IsValid() || slices.ContainsFunc(a, p.Contains) }
	is := func(a, b, wanted string) bool {
		return wanted == "" || strings.EqualFold(a, wanted) || strings.EqualFold(b, wanted)
	}
	return (q.From.IsZero() || !f.Time.Before(q.From)) && (q.To.IsZero() || f.Time.Before(q.To)) &&
		in(q.Either, f.Source.Address, f.Destination.Address) && in(q.Source, f.Source.Address) && in(q.Destination, f.Destination.Address) &&
		(q.Port == 0 || q.Port == f.Source.Port || q.Port == f.Destination.Port) && (q.Protocol == 0 || q.Protocol == f.Protocol) &&
		(!q.Exporter.IsValid() || q.Exporter == f.Exporter) && (q.AS == 0 || q.AS == f.Source.AS || q.AS == f.Destination.AS) &&
		is(f.Source.Country, f.Destination.Country, q.Country) && is(f.Application, f.Application, q.Application)
}

// answer is the result of a query on the model.
func answer(flows []modelled, q Query) Result {
	var found []*modelled
	var sums Sums
	for i := range flows {
		if f := &flows[i]; q.wants(f) {
			found = append(found, f)
			sums.Flows++
			sums.Octets = flow.Sum(sums.Octets, f.Octets)
			sums.Packets = flow.Sum(sums.Packets, f.Packets)
		}
	}
	slices.SortFunc(found, func(a, b *modelled) int {
		rank := [...]int{0, cmp.Compare(b.Octets, a.Octets), cmp.Compare(b.Packets, a.Packets)}[q.Order]
		return cmp.Or(rank, b.Time.Compare(a.Time), cmp.Compare(b.order, a.order))
	})
	r := Result{Sums: sums, More: len(found) > q.Offset+q.Limit}
	for _, f := range found[min(q.Offset, len(found)):min(q.Offset+q.Limit, len(found))] {
		r.Flows = append(r.Flows, f.Flow)
	}
	return r
}

// newWriter opens a writer in a directory, on a disk that is large enough.
func newWriter(tb testing.TB, directory string, change func(*Options)) *Writer {
	tb.Helper()
	o := Options{
		Directory: directory, MaxBytes: LeastBytes, Keep: 24 * time.Hour, Logger: slog.New(slog.DiscardHandler),
		disk: func(string) (int64, int64, error) { return 1 << 40, 1 << 41, nil },
	}
	if change != nil {
		change(&o)
	}
	w, err := NewWriter(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := w.Close(); err != nil {
			tb.Error(err)
		}
	})
	return w
}

func lines(flows []modelled) []byte {
	var b []byte
	for i := range flows {
		b = append(b, flows[i].document()...)
	}
	return b
}

func put(tb testing.TB, w *Writer, flows []modelled) {
	tb.Helper()
	data := lines(flows)
	if n, docs, err := w.Append(data); err != nil || n != len(data) || docs != len(flows) {
		tb.Fatalf("%d of %d octets, %d of %d flows: %v", n, len(data), docs, len(flows), err)
	}
}

// compare lets a store and the model answer the same query.
func compare(tb testing.TB, s *Store, flows []modelled, q Query) {
	tb.Helper()
	got, err := s.Search(tb.Context(), q)
	if err != nil {
		tb.Fatalf("%+v: %v", q, err)
	}
	want := answer(flows, q)
	if got.Sums != want.Sums || got.More != want.More || got.Partial || len(got.Flows) != len(want.Flows) {
		tb.Fatalf("%+v:\ngot  %+v, more %v, partial %v (%v), %d flows\nwant %+v, more %v, %d flows", q, got.Sums, got.More, got.Partial, got.Problem, len(got.Flows),
			want.Sums, want.More, len(want.Flows))
	}
	for i := range want.Flows {
		g, w := got.Flows[i], want.Flows[i]
		if g.Time.UnixMilli() != w.Time.UnixMilli() || g.Exporter != w.Exporter || g.Source.Address != w.Source.Address || g.Destination.Port != w.Destination.Port ||
			g.Octets != w.Octets || g.Packets != w.Packets || g.Application != w.Application || g.Protocol != w.Protocol ||
			string(g.Document)+"\n" != string(w.document()) {
			tb.Fatalf("%+v: flow %d:\ngot  %s\nwant %s", q, i, g.Document, w.document())
		}
	}
}

// Searches find what an exact model finds, while segments are being written, after they are full, and after a restart.
func TestSearchIsExact(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			directory := t.TempDir()
			var flows []modelled
			for round := range 3 {
				w := newWriter(t, directory, nil)
				for range 6 {
					batch := make([]modelled, 1+r.IntN(400))
					for i := range batch {
						batch[i] = randomFlow(r, len(flows)+i)
					}
					flows = append(flows, batch...)
					put(t, w, batch)
					if r.IntN(3) == 0 {
						w.seal()
					}
					for range 5 {
						compare(t, w.Store(), flows, randomQuery(r, flows))
					}
				}
				if got := w.Stats(); got.Flows != int64(len(flows)) || got.Segments == 0 {
					t.Fatalf("round %d: %+v, want %d flows", round, got, len(flows))
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				for range 12 {
					compare(t, Open(directory), flows, randomQuery(r, flows))
				}
			}
		})
	}
}
