package enrich

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// write makes a database file of the given records.
func write(t *testing.T, o mmdbwriter.Options, records map[string]mmdbtype.Map) string {
	t.Helper()
	o.IncludeReservedNetworks = true
	tree, err := mmdbwriter.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for network, record := range records {
		_, n, err := net.ParseCIDR(network)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(n, record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.mmdb")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func names(en string) mmdbtype.Map {
	return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(en), "de": mmdbtype.String("anders")}}
}

func with(m, more mmdbtype.Map) mmdbtype.Map {
	for k, v := range more {
		m[k] = v
	}
	return m
}

func cityFile(t *testing.T) string {
	t.Helper()
	return write(t, mmdbwriter.Options{DatabaseType: "Test-City"}, map[string]mmdbtype.Map{
		"198.18.0.0/16": {
			"city":      names(`Sankt "Quote"\n`),
			"continent": with(names("Europe"), mmdbtype.Map{"code": mmdbtype.String("EU")}),
			"country":   with(names("Austria"), mmdbtype.Map{"iso_code": mmdbtype.String("AT")}),
			"location":  mmdbtype.Map{"latitude": mmdbtype.Float64(47.5), "longitude": mmdbtype.Float64(-9.75), "time_zone": mmdbtype.String("Europe/Vienna")},
			"subdivisions": mmdbtype.Slice{
				with(names("Vorarlberg"), mmdbtype.Map{"iso_code": mmdbtype.String("8")}),
				with(names("Bregenz"), mmdbtype.Map{"iso_code": mmdbtype.String("X")}),
			},
		},
		"198.19.0.0/24": {"country": mmdbtype.Map{"iso_code": mmdbtype.String("NO")}},
		"198.19.1.0/24": {"location": mmdbtype.Map{"latitude": mmdbtype.Float64(0), "longitude": mmdbtype.Float64(0)}},
		"198.19.3.0/24": {"location": mmdbtype.Map{"latitude": mmdbtype.Float64(90.5), "longitude": mmdbtype.Float64(0)}},
		"198.19.4.0/24": {"location": mmdbtype.Map{"latitude": mmdbtype.Float64(math.NaN()), "longitude": mmdbtype.Float64(math.Inf(1))}},
		"198.19.2.0/24": {"traits": mmdbtype.Map{"is_anycast": mmdbtype.Bool(true)}},
		"2001:db8::/32": {"country": with(names("Germany"), mmdbtype.Map{"iso_code": mmdbtype.String("DE")})},
		"10.0.0.0/8":    {"country": mmdbtype.Map{"iso_code": mmdbtype.String("XX")}},
	})
}

func asnFile(t *testing.T) string {
	t.Helper()
	return write(t, mmdbwriter.Options{DatabaseType: "Test-ASN"}, map[string]mmdbtype.Map{
		"198.18.0.0/24": {"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example & Söhne")},
		"198.19.9.0/24": {"autonomous_system_number": mmdbtype.Uint32(4294967295)},
		"2001:db8::/33": {"autonomous_system_number": mmdbtype.Uint32(64501), "autonomous_system_organization": mmdbtype.String("Six")},
	})
}

func open(t *testing.T, o Options) (*Databases, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	d := Open(o)
	t.Cleanup(func() { _ = d.Close() })
	return d, &log
}

// members parses what is known about an address.
func members(t *testing.T, e *Enricher, address string) map[string]any {
	t.Helper()
	r := flow.Record{Source: flow.Endpoint{Addr: netip.MustParseAddr(address)}, Destination: flow.Endpoint{Addr: netip.MustParseAddr(address)}}
	e.Enrich(&r)
	if !bytes.Equal(membersOf(r.Source), membersOf(r.Destination)) {
		t.Errorf("%s: source %s differs from destination %s", address, membersOf(r.Source), membersOf(r.Destination))
	}
	if len(membersOf(r.Source)) == 0 {
		return nil
	}
	var m map[string]any
	if err := json.Unmarshal(fmt.Appendf(nil, "{%s}", membersOf(r.Source)), &m); err != nil {
		t.Fatalf("%s: %q: %v", address, membersOf(r.Source), err)
	}
	return m
}

func TestEnrich(t *testing.T) {
	d, _ := open(t, Options{City: cityFile(t), ASN: asnFile(t)})
	e := d.New()
	type m = map[string]any
	austria := m{
		"city_name": `Sankt "Quote"\n`, "continent_name": "Europe",
		"country_iso_code": "AT", "country_name": "Austria", "region_name": "Vorarlberg",
		"location": m{"lat": 47.5, "lon": -9.75},
	}
	for address, want := range map[string]m{
		"198.18.0.1":          {"geo": austria, "as": m{"number": 64500.0, "organization": m{"name": "Example & Söhne"}}},
		"198.18.1.1":          {"geo": austria},
		"198.19.0.1":          {"geo": m{"country_iso_code": "NO"}},
		"198.19.1.1":          {"geo": m{"location": m{"lat": 0.0, "lon": 0.0}}},
		"198.19.2.1":          nil, // a record without anything of use
		"198.19.3.1":          nil, // not on earth: Elasticsearch would refuse the document
		"198.19.4.1":          nil,
		"198.19.9.9":          {"as": m{"number": 4294967295.0}},
		"2001:db8::1":         {"geo": m{"country_iso_code": "DE", "country_name": "Germany"}, "as": m{"number": 64501.0, "organization": m{"name": "Six"}}},
		"2001:db8:8000::1":    {"geo": m{"country_iso_code": "DE", "country_name": "Germany"}},
		"203.0.113.1":         nil,
		"10.1.2.3":            nil, // private: not looked up
		"192.168.0.1":         nil,
		"127.0.0.1":           nil,
		"::1":                 nil,
		"fe80::1":             nil,
		"fd00::1":             nil,
		"ff02::1":             nil,
		"224.0.0.1":           nil,
		"0.0.0.0":             nil,
		"::":                  nil,
		"2001:db8:ffff::ffff": {"geo": m{"country_iso_code": "DE", "country_name": "Germany"}},
	} {
		for range 2 { // from the databases, then from the cache
			if want != nil {
				want["ip"] = address
			}
			if diff := cmp.Diff(want, members(t, e, address)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", address, diff)
			}
		}
	}
	e.Publish()
	if s := e.Stats(); s.Misses != 12 || s.Hits != 12*3 {
		t.Errorf("stats %+v, want a miss and three hits for each of 12 addresses", s)
	}
}

func TestOnlyOneDatabase(t *testing.T) {
	d, _ := open(t, Options{ASN: asnFile(t)})
	if m := members(t, d.New(), "198.18.0.1"); len(m) != 2 || m["ip"] == nil || m["as"] == nil {
		t.Errorf("got %v", m)
	}
	d, _ = open(t, Options{})
	if m := members(t, d.New(), "198.18.0.1"); m != nil {
		t.Errorf("no database: got %v", m)
	}
	if len(d.Status()) != 0 {
		t.Errorf("status %v of databases that are off", d.Status())
	}
}

func TestIPv4OnlyDatabaseKnowsNoIPv6(t *testing.T) {
	path := write(t, mmdbwriter.Options{DatabaseType: "Test-ASN", IPVersion: 4}, map[string]mmdbtype.Map{
		"198.18.0.0/24": {"autonomous_system_number": mmdbtype.Uint32(1)},
	})
	d, log := open(t, Options{ASN: path})
	e := d.New()
	if m := members(t, e, "2001:db8::1"); m != nil {
		t.Errorf("got %v", m)
	}
	if m := members(t, e, "198.18.0.1"); m == nil {
		t.Error("IPv4 address not found")
	}
	if d.Status()[0].Errors != 0 || strings.Contains(log.String(), "damaged") {
		t.Errorf("an IPv6 address counts as damage: %s", log)
	}
}

// Records at the very beginning of the data section and equal offsets in both files must not be mixed up.
func TestRecordsAreKeptApart(t *testing.T) {
	records := map[string]mmdbtype.Map{}
	for i := range 64 {
		records[fmt.Sprintf("198.18.%d.0/24", i)] = mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(100 + i)}
	}
	d, _ := open(t, Options{ASN: write(t, mmdbwriter.Options{DatabaseType: "Test-ASN"}, records)})
	e := d.newEnricher(2)
	for range 2 {
		for i := range 64 {
			m := members(t, e, fmt.Sprintf("198.18.%d.7", i))
			if got := m["as"].(map[string]any)["number"]; got != float64(100+i) {
				t.Fatalf("198.18.%d.7: AS %v, want %d", i, got, 100+i)
			}
		}
	}
}

func TestCacheIsBoundedAndKeepsWhatWasUsedLast(t *testing.T) {
	d, _ := open(t, Options{City: cityFile(t)})
	e := d.newEnricher(2) // one set
	for range 10 {
		members(t, e, "198.18.0.1")
		members(t, e, "198.18.0.2")
	}
	e.Publish()
	if s := e.Stats(); s.Misses != 2 {
		t.Errorf("%d misses for two addresses in two places", s.Misses)
	}
	members(t, e, "198.18.0.1")
	members(t, e, "198.18.0.3") // displaces .2
	members(t, e, "198.18.0.1")
	e.Publish()
	if s := e.Stats(); s.Misses != 3 {
		t.Errorf("%d misses, want 3: the address used last was displaced", s.Misses)
	}
	if len(e.entries) != 2 {
		t.Errorf("%d entries", len(e.entries))
	}
}

func TestMissingAndWrongDatabases(t *testing.T) {
	city := cityFile(t)
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{City: "/nonexistent/city.mmdb"}, "unable to use enrich.geoip.city /nonexistent/city.mmdb: no such file or directory"},
		{Options{ASN: city}, "unable to use enrich.geoip.asn " + city + ": it is of type Test-City"},
		{Options{ASN: os.DevNull}, "unable to use enrich.geoip.asn " + os.DevNull + ": "},
		{Options{City: t.TempDir()}, "unable to use enrich.geoip.city "},
	} {
		d, log := open(t, tt.o)
		s := d.Status()
		if len(s) != 1 || s[0].Loaded || !strings.HasPrefix(s[0].Error, tt.want) {
			t.Errorf("status %+v, want %q", s, tt.want)
		}
		if !strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("not logged: %s", log)
		}
		if m := members(t, d.New(), "198.18.0.1"); m != nil {
			t.Errorf("got %v from nothing", m)
		}
	}
}

// A file that somebody cuts short while it is mapped makes reads fault: that must not end the service.
func TestDatabaseCutShortWhileOpen(t *testing.T) {
	path := cityFile(t)
	d, log := open(t, Options{City: path})
	e := d.New()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if m := members(t, e, "198.18.0.1"); m != nil {
		t.Errorf("got %v", m)
	}
	if s := d.Status(); s[0].Errors == 0 || !strings.Contains(log.String(), "damaged") {
		t.Errorf("status %+v, log %s", s, log)
	}
}

// shared is the folder of files that several projects test with.
func shared() string {
	if dir := os.Getenv("FLOWSTACK_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "..", "shared")
}

// Every damaged file does no worse than to know nothing.
func TestDamagedDatabases(t *testing.T) {
	var files []string
	for _, pattern := range []string{"geoip/bad/*.mmdb", "geoip/*roken*.mmdb"} {
		found, err := filepath.Glob(filepath.Join(shared(), pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skipf("no damaged databases below %s: set FLOWSTACK_SHARED to check against them", shared())
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, o := range []Options{{City: file}, {ASN: file}, {City: file, ASN: file}} {
				d, log := open(t, o)
				e := d.newEnricher(2)
				for i := range 256 {
					for _, a := range []netip.Addr{
						netip.AddrFrom4([4]byte{byte(i), 1, 2, 3}), netip.AddrFrom4([4]byte{1, 1, 1, byte(i)}),
						netip.AddrFrom16([16]byte{0x20, 1, byte(i), 1}), netip.AddrFrom16([16]byte{byte(i), byte(i)}),
					} {
						members(t, e, a.String()) // fails the test when what comes out is not JSON
					}
				}
				for _, s := range d.Status() {
					if !s.Loaded && !strings.Contains(log.String(), s.Error[:20]) {
						t.Errorf("%+v is not logged: %s", s, log)
					}
				}
			}
		})
	}
}

func TestTestDatabasesOfMaxMind(t *testing.T) {
	city, asn := filepath.Join(shared(), "geoip", "GeoLite2-City-Test.mmdb"), filepath.Join(shared(), "geoip", "GeoLite2-ASN-Test.mmdb")
	if _, err := os.Stat(city); err != nil {
		t.Skipf("no test databases below %s: set FLOWSTACK_SHARED to check against them", shared())
	}
	d, _ := open(t, Options{City: city, ASN: asn})
	e := d.New()
	m := members(t, e, "81.2.69.142")
	geo, _ := m["geo"].(map[string]any)
	if geo["city_name"] != "London" || geo["country_iso_code"] != "GB" || geo["region_name"] != "England" {
		t.Errorf("81.2.69.142: %v", m)
	}
	m = members(t, e, "1.128.0.0")
	as, _ := m["as"].(map[string]any)
	if as["number"] != 1221.0 {
		t.Errorf("1.128.0.0: %v", m)
	}
}

func TestCacheHitAllocatesNothing(t *testing.T) {
	d, _ := open(t, Options{City: cityFile(t), ASN: asnFile(t)})
	e := d.New()
	r := flow.Record{
		Source:      flow.Endpoint{Addr: netip.MustParseAddr("198.18.0.1")},
		Destination: flow.Endpoint{Addr: netip.MustParseAddr("2001:db8::1")},
	}
	e.Enrich(&r)
	if n := testing.AllocsPerRun(1000, func() { e.Enrich(&r) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	if r.Source.Known == nil || r.Destination.Known == nil {
		t.Error("nothing known")
	}
}

func membersOf(e flow.Endpoint) []byte {
	if e.Known == nil {
		return nil
	}
	return e.Known.Members
}
