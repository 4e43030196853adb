package enrich

import (
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// put writes a file that people write.
func put(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, text := range list {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

func TestNetworksWinFieldByField(t *testing.T) {
	s, _ := open(t, Options{
		City: cityFile(t), ASN: asnFile(t), Internal: prefixes("10.0.0.0/8", "198.18.7.0/24"),
		ASFile: put(t, "as.csv", "number,name\n64500,Mine\n64510,Private\n"),
		NetworksFile: put(t, "networks.yml", `
networks:
  - {network: 198.18.0.0/24, name: all}
  - {network: 198.18.0.1, country: AT, region: Vorarlberg, city: Dornbirn}
  - {network: 198.18.0.2, country: CH}
  - {network: 198.18.0.3, country: AT, region: Tirol, latitude: 47.25, longitude: 11.5}
  - {network: 198.18.0.7, region: Tirol}
  - {network: 198.18.0.8, city: Lindau}
  - {network: 198.18.0.10, country: AT, city: Bregenz}
  - {network: 198.18.0.11, region: Vorarlberg, latitude: 47.25, longitude: 11.5}
  - {network: 198.18.0.4, as: 64500, as_name: Said}
  - {network: 198.18.0.5, as: 64510, internal: false}
  - {network: 198.18.0.6, as: 64511}
  - {network: 10.1.0.0/16, country: DE, city: Lindau, as: 64512, as_name: Inside}
  - {network: 10.2.0.0/16, internal: false}
`),
	})
	e := s.New()
	austria := func(change m) m {
		g := m{
			"city_name": `Sankt "Quote"\n`, "continent_name": "Europe", "country_iso_code": "AT", "country_name": "Austria", "region_name": "Vorarlberg",
			"location": m{"lat": 47.5, "lon": -9.75},
		}
		for k, v := range change {
			if g[k] = v; v == nil {
				delete(g, k)
			}
		}
		return g
	}
	mine := m{"number": 64500.0, "organization": m{"name": "Mine"}}
	for address, want := range map[string]struct {
		members  m
		internal bool
	}{
		"198.18.0.9":  {m{"geo": austria(nil), "as": mine}, true},
		"198.18.0.1":  {m{"geo": austria(m{"city_name": "Dornbirn", "location": nil}), "as": mine}, true},
		"198.18.0.2":  {m{"geo": m{"country_iso_code": "CH"}, "as": mine}, true},
		"198.18.0.3":  {m{"geo": austria(m{"region_name": "Tirol", "city_name": nil, "location": m{"lat": 47.25, "lon": 11.5}}), "as": mine}, true},
		"198.18.0.7":  {m{"geo": m{"region_name": "Tirol"}, "as": mine}, true},
		"198.18.0.8":  {m{"geo": m{"city_name": "Lindau"}, "as": mine}, true},
		"198.18.0.10": {m{"geo": austria(m{"city_name": "Bregenz", "region_name": nil, "location": nil}), "as": mine}, true},
		"198.18.0.11": {m{"geo": austria(m{"location": m{"lat": 47.25, "lon": 11.5}}), "as": mine}, true},
		"198.18.0.4":  {m{"geo": austria(nil), "as": m{"number": 64500.0, "organization": m{"name": "Said"}}}, true},
		"198.18.0.5":  {m{"geo": austria(nil), "as": m{"number": 64510.0, "organization": m{"name": "Private"}}}, false},
		"198.18.0.6":  {m{"geo": austria(nil), "as": m{"number": 64511.0}}, true},
		"10.1.2.3":    {m{"geo": m{"country_iso_code": "DE", "city_name": "Lindau"}, "as": m{"number": 64512.0, "organization": m{"name": "Inside"}}}, true},
		"10.2.0.1":    {m{}, false},
		"10.9.0.1":    {m{}, true},
		"198.18.7.1":  {m{"geo": austria(nil)}, true},
		"203.0.113.1": {m{}, false},
	} {
		if diff := cmp.Diff(want.members, members(t, e, address)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", address, diff)
		}
		if known, _ := enrich(e, address, address); known.Internal != want.internal {
			t.Errorf("%s: internal %v", address, known.Internal)
		}
	}
}

func TestExportedSystemsAreNamed(t *testing.T) {
	s, _ := open(t, Options{ASN: asnFile(t), ASFile: put(t, "as.yml", "autonomous_systems:\n  - {number: AS64510, name: Private}\n")})
	e := s.New()
	r := flow.Record{
		Has:         flow.HasSourceAS | flow.HasDestinationAS,
		Source:      flow.Endpoint{Addr: netip.MustParseAddr("203.0.113.1"), AS: 64510},
		Destination: flow.Endpoint{Addr: netip.MustParseAddr("198.18.0.1"), AS: 64510}, // the database knows better
	}
	e.Enrich(&r)
	if string(r.Source.ASName) != `"Private"` || r.Destination.ASName != nil {
		t.Errorf("source %s, destination %s", r.Source.ASName, r.Destination.ASName)
	}
	r.Has, r.Source.ASName = 0, nil
	if e.Enrich(&r); r.Source.ASName != nil {
		t.Errorf("a number that was not exported is named %s", r.Source.ASName)
	}
}

// resolver answers as one does: at first it does not know yet.
type resolver struct {
	known map[netip.Addr]string
	asked int
}

func (r *resolver) Name(a netip.Addr) (string, bool) {
	r.asked++
	name, ok := r.known[a]
	return name, ok
}

func (r *resolver) Exporter(a netip.Addr) (string, bool) { return r.Name(a) }

func (r *resolver) Interface(_ netip.Addr, index uint32) (name, alias string, settled bool) {
	r.asked++
	if len(r.known) == 0 {
		return "", "", false
	}
	return "if" + string(rune('0'+index)), "alias", true
}

func TestNamesThatComeLater(t *testing.T) {
	names := &resolver{known: map[netip.Addr]string{}}
	s, _ := open(t, Options{City: cityFile(t), Namer: names})
	e := s.New()
	a := netip.MustParseAddr("198.18.0.1")
	at := func(now time.Duration) *flow.Address {
		r := flow.Record{Source: flow.Endpoint{Addr: a}, Received: int64(now)}
		e.Enrich(&r)
		return r.Source.Known
	}
	first := at(0)
	for range 10 {
		at(900 * time.Millisecond)
	}
	if names.asked != 1 {
		t.Errorf("asked %d times within a second", names.asked)
	}
	if at(time.Second) != first || names.asked != 2 {
		t.Errorf("asked %d times after a second, without an answer", names.asked)
	}
	names.known[a] = "host.example.org"
	if at(1500*time.Millisecond) != first || names.asked != 2 {
		t.Errorf("asked %d times", names.asked)
	}
	second := at(2 * time.Second)
	if second == first {
		t.Error("the name that is known now is not taken")
	}
	asked := names.asked
	if at(3*time.Second) != second || at(time.Minute) != second || names.asked != asked {
		t.Error("asked again for what is settled")
	}
	names.known = nil // being looked up anew: what was known stays
	if at(time.Hour) != second {
		t.Error("the name is gone while it is looked up anew")
	}
}

// TestClockIsPutBack: what was to be asked again in a year is asked at once.
func TestClockIsPutBack(t *testing.T) {
	names := &resolver{known: map[netip.Addr]string{}}
	s, _ := open(t, Options{Namer: names, Interfaces: names})
	e := s.New()
	const now, year = time.Hour, 365 * 24 * time.Hour
	r := flow.Record{
		Source: flow.Endpoint{Addr: netip.MustParseAddr("198.18.0.1")}, Exporter: netip.MustParseAddr("192.0.2.1"), Received: int64(now + year),
	}
	e.Enrich(&r)
	names.known[r.Source.Addr], names.known[r.Exporter] = "host.example.org", "edge"
	r.Received = int64(now)
	e.Enrich(&r)
	if r.Source.Known == nil || !strings.Contains(string(r.Source.Known.Members()), "host.example.org") || r.Observer == nil || string(r.Observer.Name) != `"edge"` {
		t.Errorf("%+v, %+v", r.Source.Known, r.Observer)
	}
	asked := names.asked
	r.Received++
	if e.Enrich(&r); names.asked != asked {
		t.Error("asked again for each flow")
	}
}

func TestObserver(t *testing.T) {
	known := &resolver{known: map[netip.Addr]string{}}
	s, _ := open(t, Options{
		Interfaces:   known,
		NetworksFile: put(t, "n.csv", "network,site\n192.0.2.0/24,Vienna\n"),
		ExportersFile: put(t, "e.yml", `
exporters:
  - address: 192.0.2.1
    name: edge
    site: Linz
    interfaces:
      - {index: 1, name: uplink, alias: to the world}
      - {index: 2, name: lan}
`),
	})
	e := s.New()
	record := func(exporter string, now time.Duration) *flow.Observer {
		r := flow.Record{Has: flow.HasInput | flow.HasOutput, Exporter: netip.MustParseAddr(exporter), Input: 1, Output: 2, Received: int64(now)}
		e.Enrich(&r)
		return r.Observer
	}
	quoted := func(s string) []byte { return []byte(`"` + s + `"`) }
	edge := &flow.Observer{
		Name: quoted("edge"), Site: quoted("Linz"),
		Input: flow.Interface{Name: quoted("uplink"), Alias: quoted("to the world"), NameWins: true, AliasWins: true}, Output: flow.Interface{Name: quoted("lan"), NameWins: true},
	}
	if diff := cmp.Diff(edge, record("192.0.2.1", 0)); diff != "" {
		t.Errorf("before an answer (-want +got):\n%s", diff)
	}
	if got := record("203.0.113.1", 0); got != nil {
		t.Errorf("nothing is known, but %+v", got)
	}
	known.known[netip.MustParseAddr("192.0.2.2")] = "core"
	edge.Output.Alias = quoted("alias")
	if diff := cmp.Diff(edge, record("192.0.2.1", time.Second)); diff != "" {
		t.Errorf("after an answer (-want +got):\n%s", diff)
	}
	core := &flow.Observer{
		Name: quoted("core"), Site: quoted("Vienna"),
		Input: flow.Interface{Name: quoted("if1"), Alias: quoted("alias")}, Output: flow.Interface{Name: quoted("if2"), Alias: quoted("alias")},
	}
	if diff := cmp.Diff(core, record("192.0.2.2", 0)); diff != "" {
		t.Errorf("by SNMP (-want +got):\n%s", diff)
	}
	// A relay passes on what an agent observed.
	r := flow.Record{Exporter: netip.MustParseAddr("203.0.113.9"), Details: &flow.Details{Agent: netip.MustParseAddr("192.0.2.1")}}
	if e.Enrich(&r); r.Observer == nil || string(r.Observer.Name) != `"edge"` {
		t.Errorf("agent: %+v", r.Observer)
	}
	r = flow.Record{Exporter: netip.MustParseAddr("192.0.2.1"), Details: &flow.Details{Agent: netip.MustParseAddr("127.0.0.1")}}
	if e.Enrich(&r); r.Observer == nil || string(r.Observer.Name) != `"edge"` {
		t.Errorf("agent that is loopback: %+v", r.Observer)
	}
	e.Publish()
	if s := e.Stats(); s.ObserverMisses != 4 || s.ObserverHits != 2 {
		t.Errorf("%+v", s)
	}
}

func TestCacheIsBoundedAndKeepsWhatWasUsedLast(t *testing.T) {
	s, _ := open(t, Options{City: cityFile(t)})
	e := s.newEnricher(ways) // one set
	misses := func() uint64 {
		e.Publish()
		return e.Stats().Misses
	}
	for range 10 {
		for _, a := range []string{"198.18.0.1", "198.18.0.2", "198.18.0.3", "198.18.0.4"} {
			members(t, e, a)
		}
	}
	if n := misses(); n != ways {
		t.Errorf("%d misses for %d addresses in as many places", n, ways)
	}
	for i := range 20 { // others come once each
		members(t, e, "198.18.0.1")
		members(t, e, "198.18.0.1")
		members(t, e, netip.AddrFrom4([4]byte{198, 18, 1, byte(i)}).String())
	}
	if n := misses(); n > ways+20+1 {
		t.Errorf("%d misses: the address that is used all the time was displaced", n)
	}
	if len(e.addresses.slots) != ways {
		t.Errorf("%d entries", len(e.addresses.slots))
	}
}

// Addresses of one network, which differ in few bits, spread over the sets as well as any: with a hash that does not, the cache would thrash.
func TestAddressesSpread(t *testing.T) {
	const addresses, sets = 4096, CacheEntries / ways
	for name, address := range map[string]func(i int) netip.Addr{
		"IPv4 hosts":    func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}) },
		"IPv4 networks": func(i int) netip.Addr { return netip.AddrFrom4([4]byte{byte(i >> 8), byte(i), 0, 1}) },
		"IPv6 hosts": func(i int) netip.Addr {
			return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 14: byte(i >> 8), 15: byte(i)})
		},
		"IPv6 networks": func(i int) netip.Addr {
			return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 4: byte(i >> 8), 5: byte(i), 15: 1})
		},
	} {
		for range 50 {
			seed := newSeed()
			full := make([]uint8, sets)
			displaced := 0
			for i := range addresses {
				set := seed.hash(address(i)) & (sets - 1)
				if full[set]++; full[set] > ways {
					displaced++
				}
			}
			if displaced > 20 { // hardly one by chance
				t.Fatalf("%s: %d of %d addresses have no place with seed %x", name, displaced, addresses, seed)
			}
		}
	}
}

func TestHitsAllocateNothing(t *testing.T) {
	s, _ := open(t, everything(t))
	e := s.New()
	r := ordinary()
	e.Enrich(&r)
	if n := testing.AllocsPerRun(1000, func() { e.Enrich(&r) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	if r.Source.Known == nil || r.Destination.Known == nil || r.Observer == nil || string(r.Application) != `"https"` || r.Client != flow.SideSource {
		t.Errorf("%+v", r)
	}
}

// everything turns all sources on.
func everything(t testing.TB) Options {
	t.Helper()
	o := FromConfig(config.Default().Enrich)
	o.City, o.ASN = cityFile(t), asnFile(t)
	o.NetworksFile = put(t, "n.csv", "network,name\n198.18.0.0/16,a\n")
	o.ExportersFile = put(t, "e.yml", "exporters:\n  - {address: 192.0.2.1, name: edge}\n")
	o.ApplicationsFile = put(t, "a.yml", "applications:\n  - {name: ours, ports: 8443, networks: 198.18.0.0/16}\n")
	o.ASFile = put(t, "as.csv", "number,name\n64510,Private\n")
	return o
}

func ordinary() flow.Record {
	return flow.Record{
		Has:         flow.HasPorts | flow.HasProtocol | flow.HasInput | flow.HasOutput,
		Source:      flow.Endpoint{Addr: netip.MustParseAddr("198.18.0.1"), Port: 51234},
		Destination: flow.Endpoint{Addr: netip.MustParseAddr("2001:db8::1"), Port: 443},
		Protocol:    6, Exporter: netip.MustParseAddr("192.0.2.1"), Input: 1, Output: 2,
	}
}

func TestDefaultsAreInternal(t *testing.T) {
	s, _ := open(t, FromConfig(config.Default().Enrich))
	e := s.New()
	for address, want := range map[string]bool{
		"10.1.1.1": true, "172.31.0.1": true, "100.64.0.1": true, "fd00::1": true, "fe80::1": true, "8.8.8.8": false, "2001:db8::1": false,
		"127.0.0.1": true, "::1": true, "224.0.0.251": true, "224.0.1.1": false, "255.255.255.255": true, "ff02::fb": true, "ff05::2": false,
	} {
		if known, _ := enrich(e, address, address); known.Internal != want {
			t.Errorf("%s: internal %v", address, known.Internal)
		}
	}
}

// Where nobody says which networks are one's own, it is not known which addresses are.
func TestNothingIsInternal(t *testing.T) {
	for name, tt := range map[string]struct {
		o    Options
		want bool
	}{
		"nothing said":    {Options{}, true},
		"a list":          {Options{Internal: prefixes("10.0.0.0/8")}, false},
		"a networks file": {Options{NetworksFile: put(t, "n.csv", "network,name\n10.0.0.0/8,a\n")}, false},
	} {
		s, _ := open(t, tt.o)
		if known, _ := enrich(s.New(), "8.8.8.8", "8.8.8.8"); known.Boundless != tt.want || known.Internal {
			t.Errorf("%s: %+v", name, known)
		}
	}
}

// Pipelines enrich while files are replaced.
func TestReloadWhileEnriching(t *testing.T) {
	o := everything(t)
	s, _ := open(t, o)
	city, asn := cityRecords(), asnRecords()
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			e := s.newEnricher(64)
			for i := 0; !stop.Load(); i++ {
				r := ordinary()
				r.Source.Addr = netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})
				e.Enrich(&r)
				if r.Source.Known == nil {
					t.Error("nothing is known")
					return
				}
				if i%64 == 0 {
					e.Tick()
				}
			}
		})
	}
	for range 20 {
		replace(t, o.City, build(t, cityOptions, city))
		replace(t, o.ASN, build(t, asnOptions, asn))
		s.refresh()
	}
	stop.Store(true)
	wg.Wait()
	for _, status := range s.Status() {
		if want := uint64(1); !status.Loaded || status.Errors > 0 || !status.Database && status.Reloads != want || status.Database && status.Reloads != 21 {
			t.Errorf("%+v", status)
		}
	}
}

// What an address costs is what 64 k of them take in a cache, and how often garbage is collected while it fills: the text, what describes it, and
// next to nothing that is thrown away. The slots of the cache are apart from that.
func TestMemoryOfAnAddress(t *testing.T) {
	s, _ := open(t, everything(t))
	e := s.New()
	const addresses = 4096
	learn := func(third byte) (kept int) {
		for i := range addresses {
			a := netip.AddrFrom4([4]byte{198, 18, third + byte(i>>8), byte(i)})
			kept += len(e.address(a, e.seed.hash(a), 0).Members())
		}
		return kept
	}
	learn(0) // and all that is made once
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	text := learn(addresses >> 8)
	runtime.ReadMemStats(&after)
	// 48 octets describe the text, the allocator rounds up by an eighth at most, and the library leaves some garbage (more with the race detector).
	if each, most := (after.TotalAlloc-before.TotalAlloc)/addresses, uint64(text/addresses*9/8+48+128); each > most {
		t.Errorf("an address costs %d octets with a text of %d, want %d at most", each, text/addresses, most)
	}
	if n := unsafe.Sizeof(flow.Address{}); n > 48 {
		t.Errorf("an address takes %d octets besides its text, want 48", n)
	}
	if n := unsafe.Sizeof(slot[netip.Addr, *flow.Address]{}); n > 40 {
		t.Errorf("a slot of the cache takes %d octets, want 40", n)
	}
}

func BenchmarkHit(b *testing.B) {
	s, _ := open(b, everything(b))
	e := s.New()
	addresses := make([]netip.Addr, 4096)
	for i := range addresses {
		addresses[i] = netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})
		e.address(addresses[i], e.seed.hash(addresses[i]), 0)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e.address(addresses[i&4095], e.seed.hash(addresses[i&4095]), 0)
		i++
	}
}

func BenchmarkRecord(b *testing.B) {
	s, _ := open(b, everything(b))
	e := s.New()
	r := ordinary()
	b.ReportAllocs()
	for b.Loop() {
		e.Enrich(&r)
	}
}

func BenchmarkMiss(b *testing.B) {
	s, _ := open(b, everything(b))
	e := s.New()
	b.ReportAllocs()
	i := uint32(0)
	for b.Loop() {
		// All that is done for an address that is not in the cache, and is in both databases.
		e.learn(&slot[netip.Addr, *flow.Address]{key: netip.AddrFrom4([4]byte{198, 18, 0, byte(i)})}, 0)
		i++
	}
}
