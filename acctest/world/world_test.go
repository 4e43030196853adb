package world

import (
	"math/big"
	"net"
	"net/netip"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func TestAddressesArePublicAndDiffer(t *testing.T) {
	seen := map[netip.Addr]bool{}
	six := 0
	for n := range uint64(20_000) {
		a := Address(n)
		if a != Address(n) || !a.IsGlobalUnicast() || a.IsPrivate() || a.Is4() && !public(int(a.As4()[0])) {
			t.Fatalf("%d: %s", n, a)
		}
		seen[a] = true
		if a.Is6() {
			six++
		}
	}
	if len(seen) < 19_900 || six < 1500 || six > 2500 {
		t.Errorf("%d addresses of 20000, %d of them IPv6", len(seen), six)
	}
}

// The networks that one is cut into are as many as they should be, and are it together.
func TestEachCutsWithoutGaps(t *testing.T) {
	next := big.NewInt(0).SetBytes([]byte{10, 20, 0, 0})
	count := 0
	err := each([16]byte{10, 20}, 16, 6, 32, func(n *net.IPNet, i uint64) error {
		ones, _ := n.Mask.Size()
		if ones != 22 || i != uint64(count) || next.Cmp(big.NewInt(0).SetBytes(n.IP)) != 0 {
			t.Fatalf("network %d is %s", i, n)
		}
		next.Add(next, big.NewInt(1<<10))
		count++
		return nil
	})
	if err != nil || count != 64 {
		t.Errorf("%d networks, %v", count, err)
	}
}

// A database of a few networks has what the collector reads, in the members that MaxMind's have.
func TestRecordsAreReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	_, network, err := net.ParseCIDR("8.8.0.0/16")
	if err != nil {
		t.Fatal(err)
	}
	err = write(path, "World-City", func(tree *mmdbwriter.Tree) error { return tree.Insert(network, place{3, 5, 1}.record()) })
	if err != nil {
		t.Fatal(err)
	}
	reader, err := maxminddb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close() //nolint:errcheck // read only
	var got struct {
		Country struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
		City struct {
			Names map[string]string `maxminddb:"names"`
		} `maxminddb:"city"`
		Location struct {
			Latitude  float64 `maxminddb:"latitude"`
			Longitude float64 `maxminddb:"longitude"`
		} `maxminddb:"location"`
	}
	if err := reader.Lookup(netip.MustParseAddr("8.8.8.8")).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Country.Code != countries[3].code || got.City.Names["en"] == "" || got.Location.Latitude == 0 || got.Location.Longitude == 0 {
		t.Errorf("%+v", got)
	}
}

// Elasticsearch refuses a point that is not on earth.
func TestPlacesAreOnEarth(t *testing.T) {
	for country := range countries {
		for city := range 300 {
			for spot := range spots {
				l := place{country, city, spot}.point()
				if l.latitude < -90 || l.latitude > 90 || l.longitude < -180 || l.longitude > 180 {
					t.Fatalf("%d/%d/%d is at %+v", country, city, spot, l)
				}
			}
		}
	}
}

func TestTraffic(t *testing.T) {
	const records = 50_000
	end := time.Date(2024, time.March, 6, 12, 0, 0, 0, time.UTC)
	traffic, again := NewTraffic(1, records, end), NewTraffic(1, records, end)
	exporters := map[netip.Addr]int{}
	answers, before := 0, int64(0)
	for i := range records {
		var r, same flow.Record
		traffic.Next(&r)
		again.Next(&same)
		if !reflect.DeepEqual(r, same) {
			t.Fatalf("record %d is another one the second time", i)
		}
		if !r.Source.Addr.IsValid() || !r.Destination.Addr.IsValid() || r.Source.Addr.Is4() != r.Destination.Addr.Is4() {
			t.Fatalf("record %d is from %s to %s", i, r.Source.Addr, r.Destination.Addr)
		}
		if r.Packets == 0 || r.Bytes < r.Packets*20 || r.End < r.Start || r.End > r.Received || r.Received < before {
			t.Fatalf("record %d cannot be: %+v", i, r)
		}
		if r.Received < end.Add(-Span).UnixNano() || r.Received > end.UnixNano() {
			t.Fatalf("record %d is of %s", i, time.Unix(0, r.Received))
		}
		before = r.Received
		exporters[r.Exporter]++
		if r.Direction == 1 {
			answers++
		}
	}
	if len(exporters) != routers {
		t.Errorf("exporters %v", exporters)
	}
	if answers < records/3 || answers > records*6/10 {
		t.Errorf("%d of %d records are answers", answers, records)
	}
}
