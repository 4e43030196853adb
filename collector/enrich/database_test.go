package enrich

import (
	"bytes"
	"encoding/json"
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

	"github.com/flowstack/terraform-provider-flowstack/acctest/shared"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// write makes a database file of the given records.
func write(t testing.TB, o mmdbwriter.Options, records map[string]mmdbtype.Map) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.mmdb")
	if err := os.WriteFile(path, build(t, o, records), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func build(t testing.TB, o mmdbwriter.Options, records map[string]mmdbtype.Map) []byte {
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
	return b.Bytes()
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

func texts(pairs ...string) mmdbtype.Map {
	m := mmdbtype.Map{}
	for i := 0; i < len(pairs); i += 2 {
		m[mmdbtype.String(pairs[i])] = mmdbtype.String(pairs[i+1])
	}
	return m
}

func cityRecords() map[string]mmdbtype.Map {
	return map[string]mmdbtype.Map{
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
	}
}

func asnRecords() map[string]mmdbtype.Map {
	return map[string]mmdbtype.Map{
		"198.18.0.0/24": {"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example & Söhne")},
		"198.19.9.0/24": {"autonomous_system_number": mmdbtype.Uint32(4294967295)},
		"2001:db8::/33": {"autonomous_system_number": mmdbtype.Uint32(64501), "autonomous_system_organization": mmdbtype.String("Six")},
	}
}

func cityFile(t testing.TB) string {
	t.Helper()
	return write(t, mmdbwriter.Options{DatabaseType: "Test-City"}, cityRecords())
}

func asnFile(t testing.TB) string {
	t.Helper()
	return write(t, mmdbwriter.Options{DatabaseType: "Test-ASN"}, asnRecords())
}

func open(t testing.TB, o Options) (*Set, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	return Open(o), &log
}

// enrich returns what is added to both endpoints of a record between two addresses.
func enrich(e *Enricher, source, destination string) (from, to *flow.Address) {
	r := flow.Record{Source: flow.Endpoint{Addr: netip.MustParseAddr(source)}, Destination: flow.Endpoint{Addr: netip.MustParseAddr(destination)}}
	e.Enrich(&r)
	return r.Source.Known, r.Destination.Known
}

// members parses what is known about an address, besides the address itself.
func members(t testing.TB, e *Enricher, address string) map[string]any {
	t.Helper()
	source, destination := enrich(e, address, address)
	if source != destination || source == nil {
		t.Fatalf("%s: source %v, destination %v", address, source, destination)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte("{"+string(source.Members())+"}"), &m); err != nil {
		t.Fatalf("%s: %q: %v", address, source.Members(), err)
	}
	if m["ip"] != address {
		t.Errorf("%s: ip %v", address, m["ip"])
	}
	delete(m, "ip")
	return m
}

type m = map[string]any

func TestDatabases(t *testing.T) {
	s, _ := open(t, Options{City: cityFile(t), ASN: asnFile(t)})
	e := s.New()
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
		"198.19.2.1":          {}, // a record without anything of use
		"198.19.3.1":          {}, // not on earth: Elasticsearch would refuse the document
		"198.19.4.1":          {},
		"198.19.9.9":          {"as": m{"number": 4294967295.0}},
		"2001:db8::1":         {"geo": m{"country_iso_code": "DE", "country_name": "Germany"}, "as": m{"number": 64501.0, "organization": m{"name": "Six"}}},
		"2001:db8:8000::1":    {"geo": m{"country_iso_code": "DE", "country_name": "Germany"}},
		"203.0.113.1":         {},
		"10.1.2.3":            {}, // private: not looked up
		"192.168.0.1":         {},
		"127.0.0.1":           {},
		"::1":                 {},
		"fe80::1":             {},
		"fd00::1":             {},
		"ff02::1":             {},
		"224.0.0.1":           {},
		"255.255.255.255":     {},
		"0.0.0.0":             {},
		"::":                  {},
		"2001:db8:ffff::ffff": {"geo": m{"country_iso_code": "DE", "country_name": "Germany"}},
	} {
		for range 2 { // from the databases, then from the cache
			if diff := cmp.Diff(want, members(t, e, address)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", address, diff)
			}
		}
	}
	e.Publish()
	if s := e.Stats(); s.Misses != 23 || s.Hits != 23*3 {
		t.Errorf("stats %+v, want a miss and three hits for each of 23 addresses", s)
	}
}

// The layouts of all makers and of all generations of IPinfo's.
func TestLayouts(t *testing.T) {
	point := m{"lat": -33.5, "lon": 151.25}
	as := m{"number": 64500.0, "organization": m{"name": "Example, Inc."}}
	enterprise := mmdbtype.Map{
		"country": with(names("Australia"), mmdbtype.Map{"iso_code": mmdbtype.String("AU")}),
		"traits":  mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example, Inc.")},
	}
	for name, tt := range map[string]struct {
		kind   string
		record mmdbtype.Map
		asASN  bool
		want   m
	}{
		"MaxMind Country":       {"GeoLite2-Country", mmdbtype.Map{"country": with(names("Australia"), mmdbtype.Map{"iso_code": mmdbtype.String("AU")}), "continent": names("Oceania")}, false, m{"geo": m{"continent_name": "Oceania", "country_iso_code": "AU", "country_name": "Australia"}}},
		"MaxMind ISP":           {"GeoIP2-ISP", mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example, Inc."), "isp": mmdbtype.String("Other")}, true, m{"as": as}},
		"MaxMind Enterprise":    {"GeoIP2-Enterprise", enterprise, false, m{"as": as, "geo": m{"country_iso_code": "AU", "country_name": "Australia"}}},
		"MaxMind Enterprise AS": {"GeoIP2-Enterprise", enterprise, true, m{"as": as}},
		"DB-IP city":            {"DBIP-City-Lite", mmdbtype.Map{"city": names("Sydney"), "country": with(names("Australia"), mmdbtype.Map{"iso_code": mmdbtype.String("AU")}), "continent": with(names("Oceania"), mmdbtype.Map{"code": mmdbtype.String("OC")}), "subdivisions": mmdbtype.Slice{names("New South Wales")}, "location": mmdbtype.Map{"latitude": mmdbtype.Float64(-33.5), "longitude": mmdbtype.Float64(151.25)}}, false, m{"geo": m{"continent_name": "Oceania", "country_iso_code": "AU", "country_name": "Australia", "region_name": "New South Wales", "city_name": "Sydney", "location": point}}},
		"DB-IP asn":             {"DBIP-ASN-Lite (compat=GeoLite2-ASN)", mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example, Inc.")}, true, m{"as": as}},
		"IPinfo country_asn":    {"ipinfo generic_country_free_country_asn.mmdb", texts("as_domain", "example.com", "as_name", "Example, Inc.", "asn", "AS64500", "continent", "OC", "continent_name", "Oceania", "country", "AU", "country_name", "Australia"), false, m{"as": as, "geo": m{"continent_name": "Oceania", "country_iso_code": "AU", "country_name": "Australia"}}},
		"IPinfo country":        {"ipinfo generic_country_free.mmdb", texts("continent", "OC", "continent_name", "Oceania", "country", "AU", "country_name", "Australia"), false, m{"geo": m{"continent_name": "Oceania", "country_iso_code": "AU", "country_name": "Australia"}}},
		"IPinfo lite":           {"ipinfo bundle_location_lite.mmdb", texts("as_domain", "example.com", "as_name", "Example, Inc.", "asn", "AS64500", "continent", "Oceania", "continent_code", "OC", "country", "Australia", "country_code", "AU"), false, m{"as": as, "geo": m{"continent_name": "Oceania", "country_iso_code": "AU", "country_name": "Australia"}}},
		"IPinfo lite as ASN":    {"ipinfo bundle_location_lite.mmdb", texts("as_name", "Example, Inc.", "asn", "AS64500", "country", "Australia", "country_code", "AU"), true, m{"as": as}},
		"IPinfo standard":       {"ipinfo standard_location_mmdb.mmdb", texts("city", "Sydney", "country", "AU", "lat", "-33.5", "lng", "151.25", "region", "New South Wales", "region_code", "NSW", "postal_code", ""), false, m{"geo": m{"country_iso_code": "AU", "region_name": "New South Wales", "city_name": "Sydney", "location": point}}},
		"IPinfo extended":       {"ipinfo extended_location_v2.mmdb", texts("city", "Sydney", "country", "AU", "country_name", "Australia", "latitude", "-33.5", "longitude", "151.25", "region", "NSW", "region_name", "New South Wales"), false, m{"geo": m{"country_iso_code": "AU", "country_name": "Australia", "region_name": "New South Wales", "city_name": "Sydney", "location": point}}},
		"IPinfo location":       {"ipinfo standard_location_new.mmdb", with(texts("city", "Sydney", "continent", "Oceania", "continent_code", "OC", "country", "Australia", "country_code", "AU", "region", "New South Wales"), mmdbtype.Map{"latitude": mmdbtype.Float64(-33.5), "longitude": mmdbtype.Float64(151.25)}), false, m{"geo": m{"continent_name": "Oceania", "country_iso_code": "AU", "country_name": "Australia", "region_name": "New South Wales", "city_name": "Sydney", "location": point}}},
		"IPinfo loc":            {"ipinfo", texts("country", "AU", "city", "Sydney", "loc", "-33.5,151.25"), false, m{"geo": m{"country_iso_code": "AU", "city_name": "Sydney", "location": point}}},
		"IPinfo asn":            {"ipinfo standard_asn_new.mmdb", texts("asn", "AS64500", "country", "US", "domain", "example.com", "name", "Example, Inc.", "type", "isp"), true, m{"as": as}},
		"IPinfo numbers":        {"ipinfo", mmdbtype.Map{"asn": mmdbtype.Uint32(64500), "name": mmdbtype.String("Example, Inc.")}, true, m{"as": as}},
		"IPinfo no number":      {"ipinfo", texts("asn", "", "as_name", "", "country", "AU", "continent", "OC"), false, m{"geo": m{"country_iso_code": "AU"}}},
		"IPinfo bad place":      {"ipinfo", texts("country", "AU", "lat", "91", "lng", "0", "continent", "OC"), false, m{"geo": m{"country_iso_code": "AU"}}},
	} {
		path := write(t, mmdbwriter.Options{DatabaseType: tt.kind}, map[string]mmdbtype.Map{"198.18.0.0/24": tt.record})
		o := Options{City: path}
		if tt.asASN {
			o = Options{ASN: path}
		}
		s, _ := open(t, o)
		if status := s.Status()[0]; !status.Loaded || status.Type != tt.kind {
			t.Errorf("%s: %+v", name, status)
			continue
		}
		if diff := cmp.Diff(tt.want, members(t, s.New(), "198.18.0.1")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOnlyOneDatabase(t *testing.T) {
	s, _ := open(t, Options{ASN: asnFile(t)})
	if m := members(t, s.New(), "198.18.0.1"); len(m) != 1 || m["as"] == nil {
		t.Errorf("got %v", m)
	}
	s, _ = open(t, Options{})
	if m := members(t, s.New(), "198.18.0.1"); len(m) != 0 {
		t.Errorf("no database: got %v", m)
	}
	if len(s.Status()) != 0 {
		t.Errorf("status %v of sources that are off", s.Status())
	}
}

func TestIPv4OnlyDatabaseKnowsNoIPv6(t *testing.T) {
	path := write(t, mmdbwriter.Options{DatabaseType: "Test-ASN", IPVersion: 4}, map[string]mmdbtype.Map{
		"198.18.0.0/24": {"autonomous_system_number": mmdbtype.Uint32(1)},
	})
	s, log := open(t, Options{ASN: path})
	e := s.New()
	if m := members(t, e, "2001:db8::1"); len(m) != 0 {
		t.Errorf("got %v", m)
	}
	if m := members(t, e, "198.18.0.1"); len(m) == 0 {
		t.Error("IPv4 address not found")
	}
	if s.Status()[0].Errors != 0 || strings.Contains(log.String(), "damaged") {
		t.Errorf("an IPv6 address counts as damage: %s", log)
	}
}

func TestMissingAndWrongDatabases(t *testing.T) {
	city, asn := cityFile(t), asnFile(t)
	ipinfo := write(t, mmdbwriter.Options{DatabaseType: "ipinfo standard_asn_new.mmdb"}, map[string]mmdbtype.Map{"198.18.0.0/24": texts("asn", "AS1", "name", "x", "country", "US")})
	empty := write(t, mmdbwriter.Options{DatabaseType: "Test-City"}, nil)
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{City: "/nonexistent/city.mmdb"}, "unable to use enrich.geoip.city /nonexistent/city.mmdb: no such file or directory"},
		{Options{ASN: city}, "unable to use enrich.geoip.asn " + city + ": it is of type Test-City, which has no autonomous systems"},
		{Options{City: asn}, "unable to use enrich.geoip.city " + asn + ": it is of type Test-ASN, which has no places"},
		{Options{City: ipinfo}, "unable to use enrich.geoip.city " + ipinfo + ": it is of type ipinfo standard_asn_new.mmdb, which has no places"},
		{Options{City: empty}, "unable to use enrich.geoip.city " + empty + ": it is of type Test-City and has no records"},
		{Options{ASN: os.DevNull}, "unable to use enrich.geoip.asn " + os.DevNull + ": it is a device"},
		{Options{City: t.TempDir()}, "unable to use enrich.geoip.city "},
	} {
		s, log := open(t, tt.o)
		status := s.Status()
		if len(status) != 1 || status[0].Loaded || status[0].Failures != 1 || !strings.HasPrefix(status[0].Error, tt.want) {
			t.Errorf("status %+v, want %q", status, tt.want)
		}
		if !strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("not logged: %s", log)
		}
		if m := members(t, s.New(), "198.18.0.1"); len(m) != 0 {
			t.Errorf("got %v from nothing", m)
		}
	}
}

// A file that somebody cuts short while it is mapped makes reads fault: that must not end the service.
func TestDatabaseCutShortWhileOpen(t *testing.T) {
	path := cityFile(t)
	s, log := open(t, Options{City: path})
	e := s.New()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if m := members(t, e, "198.18.0.1"); len(m) != 0 {
		t.Errorf("got %v", m)
	}
	if status := s.Status(); status[0].Errors == 0 || !strings.Contains(log.String(), "damaged") {
		t.Errorf("status %+v, log %s", status, log)
	}
	s.refresh()
	if status := s.Status()[0]; status.Loaded || status.Stale || status.Error == "" {
		t.Errorf("what is mapped is gone, yet %+v", status)
	}
}

// Every damaged file does no worse than to know nothing.
func TestDamagedDatabases(t *testing.T) {
	folder := shared.Folder(t, "geoip")
	var files []string
	for _, pattern := range []string{"bad/*.mmdb", "*roken*.mmdb"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, o := range []Options{{City: file}, {ASN: file}, {City: file, ASN: file}} {
				s, log := open(t, o)
				e := s.newEnricher(ways)
				for i := range 256 {
					for _, a := range []netip.Addr{
						netip.AddrFrom4([4]byte{byte(i), 1, 2, 3}), netip.AddrFrom4([4]byte{1, 1, 1, byte(i)}),
						netip.AddrFrom16([16]byte{0x20, 1, byte(i), 1}), netip.AddrFrom16([16]byte{byte(i), byte(i)}),
					} {
						members(t, e, a.String()) // fails the test when what comes out is not JSON
					}
				}
				for _, status := range s.Status() {
					if status.Loaded || !strings.Contains(log.String(), status.Error[:20]) {
						t.Errorf("%+v: %s", status, log)
					}
				}
			}
		})
	}
}

func TestTestDatabasesOfMaxMind(t *testing.T) {
	folder := shared.Folder(t, "geoip")
	city, asn := filepath.Join(folder, "GeoLite2-City-Test.mmdb"), filepath.Join(folder, "GeoLite2-ASN-Test.mmdb")
	s, _ := open(t, Options{City: city, ASN: asn})
	e := s.New()
	got := members(t, e, "81.2.69.142")
	geo, _ := got["geo"].(m)
	if geo["city_name"] != "London" || geo["country_iso_code"] != "GB" || geo["region_name"] != "England" {
		t.Errorf("81.2.69.142: %v", got)
	}
	got = members(t, e, "1.128.0.0")
	as, _ := got["as"].(m)
	if as["number"] != 1221.0 {
		t.Errorf("1.128.0.0: %v", got)
	}
	s, _ = open(t, Options{City: filepath.Join(folder, "GeoLite2-Country-Test.mmdb")})
	geo, _ = members(t, s.New(), "81.2.69.142")["geo"].(m)
	if geo["country_iso_code"] != "GB" {
		t.Errorf("country: %v", geo)
	}
}
