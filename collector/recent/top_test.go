package recent

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// keyOf is what the model groups by.
func keyOf(f *modelled, by Dimension) string {
	number := func(n uint64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatUint(n, 10)
	}
	switch by {
	case BySource:
		return f.Source.Address.String()
	case ByDestination:
		return f.Destination.Address.String()
	case BySourcePort:
		return number(uint64(f.Source.Port))
	case ByDestinationPort:
		return number(uint64(f.Destination.Port))
	case BySourceAS:
		return number(uint64(f.Source.AS))
	case ByDestinationAS:
		return number(uint64(f.Destination.AS))
	case BySourceCountry:
		return f.Source.Country
	case ByDestinationCountry:
		return f.Destination.Country
	case ByProtocol:
		return number(uint64(f.Protocol))
	case ByApplication:
		return f.Application
	default:
		return f.Exporter.String()
	}
}

func TestTopIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	w := newWriter(t, t.TempDir(), nil)
	flows := make([]modelled, 0, 1800)
	for range 3 {
		part := bulk(r, len(flows), 600)
		flows = append(flows, part...)
		put(t, w, part)
		w.seal()
	}
	for i := range 150 {
		by := Dimension(i % len(columns))
		if parsed, err := ParseDimension(by.String()); err != nil || parsed != by {
			t.Fatalf("%s is read as %v, %v", by, parsed, err)
		}
		q := randomQuery(r, flows)
		got, err := w.Store().Top(t.Context(), q, by)
		if err != nil || got.Partial {
			t.Fatalf("%+v by %s: %+v, %v", q, by, got, err)
		}
		want, total := map[string]Sums{}, Sums{}
		for i := range flows {
			if f := &flows[i]; q.wants(f) {
				for _, s := range []*Sums{&total} {
					s.Flows, s.Octets, s.Packets = s.Flows+1, flow.Sum(s.Octets, f.Octets), flow.Sum(s.Packets, f.Packets)
				}
				s := want[keyOf(f, by)]
				want[keyOf(f, by)] = Sums{s.Flows + 1, flow.Sum(s.Octets, f.Octets), flow.Sum(s.Packets, f.Packets)}
			}
		}
		n := min(max(len(want)-q.Offset, 0), q.Limit)
		if got.Sums != total || len(got.Groups) != n || got.More != (len(want) > q.Offset+q.Limit) {
			t.Fatalf("%+v by %s: %+v of %d, more %v, sums %+v, want %d and %+v", q, by, len(got.Groups), len(want), got.More, got.Sums, n, total)
		}
		ranks := make([]uint64, 0, len(want))
		rank := func(s Sums) uint64 { return [...]uint64{s.Flows, s.Octets, s.Packets}[q.Order] }
		for _, s := range want {
			ranks = append(ranks, rank(s))
		}
		slices.Sort(ranks)
		slices.Reverse(ranks)
		for i, g := range got.Groups {
			if g.Sums != want[g.Key] || rank(g.Sums) != ranks[q.Offset+i] {
				t.Fatalf("%+v by %s: group %d is %+v, want %+v", q, by, i, g, want[g.Key])
			}
		}
	}
	if _, err := ParseDimension("color"); err == nil {
		t.Error("color is a dimension")
	}
	if _, err := w.Store().Top(t.Context(), Query{}, Dimension(len(columns))); err == nil {
		t.Error("an unknown dimension is taken")
	}
}
