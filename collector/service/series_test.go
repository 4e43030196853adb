package service

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// limitedAt is the place of the packets beyond the rate limit in a tally.
const limitedAt = len(tally{}) - 1

func host(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}) }

// scraped is what a scrape shows, by name.
// divideAlone is divide for one table.
func (s *series) divideAlone(snap exporter.Snapshot) []line {
	return s.divide(snap, []exporter.Snapshot{snap})
}

func scraped(s *series, table *exporter.Table) map[string]line {
	_, lines := s.scrape(table)
	byName := map[string]line{}
	for _, l := range lines {
		byName[l.name] = l
	}
	return byName
}

// speak counts packets of a record each, of one of the exporting processes of a device.
func speak(table *exporter.Table, address netip.Addr, session uint32, packets int) {
	source := table.Source(exporter.Key{Address: address, Session: session, Format: flow.IPFIX}, time.Unix(1_700_000_000, 0))
	for range packets {
		source.Count(1, 0)
	}
}

func TestExporterSeriesAreBounded(t *testing.T) {
	var snap exporter.Snapshot
	add := func(address netip.Addr, domain uint32, packets uint64) {
		s := exporter.SourceStats{Key: exporter.Key{Address: address, Domain: domain}, Stats: exporter.Stats{Packets: packets, Templates: 1}}
		snap.Sources = append(snap.Sources, s)
		snap.Total.Packets += packets
		snap.Total.Templates++
	}
	for i := range 300 {
		add(host(i), 1, uint64(i))
		add(host(i), 2, uint64(i)) // a second process of the same device
	}
	snap.Total.Packets += 1000                                                                                                                                      // of sources that were forgotten
	snap.Sources = append(snap.Sources, exporter.SourceStats{Key: exporter.Key{Address: netip.MustParseAddr("198.51.100.1")}, Stats: exporter.Stats{Templates: 3}}) // of before a restart
	snap.Devices = []exporter.DeviceStats{{Address: host(1), RateLimited: 4}, {Address: host(299), RateLimited: 5, Rows: exporter.Rows{Users: 2}}}
	snap.Refused = map[string]uint64{"rate_limited": 12}
	s := &series{}
	var packets, limited uint64
	templates := 0
	byName := map[string]line{}
	for _, l := range s.divideAlone(snap) {
		byName[l.name] = l
		packets += l.counted[packetsAt]
		limited += l.counted[limitedAt]
		templates += l.templates
	}
	if len(byName) != maxExporterSeries+1 || packets != snap.Total.Packets || limited != 12 || templates != 603 {
		t.Errorf("%d series, %d packets of %d, %d beyond the limit, %d templates", len(byName), packets, snap.Total.Packets, limited, templates)
	}
	if l := byName[host(299).String()]; l.counted[packetsAt] != 598 || l.counted[limitedAt] != 5 || l.rows != 2 {
		t.Errorf("of the device that sent most: %+v", l)
	}
	if _, ok := byName[host(199).String()]; ok {
		t.Error("a device has series of its own though a hundred sent more")
	}
	if lines := (&series{}).divideAlone(exporter.Snapshot{}); len(lines) != 0 {
		t.Errorf("series %v of nobody", lines)
	}
}

// A device that becomes busier than one with series of its own stays where it was counted before.
func TestExporterSeriesKeepTheirDevices(t *testing.T) {
	table, s := exporter.NewTable(exporter.Limits{}), &series{}
	for i := range maxExporterSeries {
		speak(table, host(i), 0, 10)
	}
	speak(table, host(500), 0, 9)
	first := scraped(s, table)
	speak(table, host(500), 0, 1000)
	speak(table, host(501), 0, 1000)
	second := scraped(s, table)
	if first["other"].counted[packetsAt] != 9 || second["other"].counted[packetsAt] != 2009 {
		t.Errorf("others: %d packets, then %d", first["other"].counted[packetsAt], second["other"].counted[packetsAt])
	}
	if a, b := slices.Sorted(maps.Keys(first)), slices.Sorted(maps.Keys(second)); !slices.Equal(a, b) {
		t.Errorf("series of\n%v, then of\n%v", a, b)
	}
}

// What ends with a connection is not taken from the exporter's counters.
func TestExporterSeriesOutliveConnections(t *testing.T) {
	table, s := exporter.NewTable(exporter.Limits{}), &series{}
	name := host(1).String()
	check := func(when string, own, other uint64) {
		t.Helper()
		shown := scraped(s, table)
		if shown[name].counted[packetsAt] != own || shown["other"].counted[packetsAt] != other {
			t.Errorf("%s: %d packets, want %d; others %d, want %d", when, shown[name].counted[packetsAt], own, shown["other"].counted[packetsAt], other)
		}
	}
	speak(table, host(1), 1, 10)
	speak(table, host(1), 2, 5)
	check("two connections", 15, 0)
	speak(table, host(1), 1, 1)
	table.EndSession(1)
	check("one has ended, with a packet since", 15, 1)
	speak(table, host(1), 3, 4)
	check("another", 19, 1)
	table.EndSession(2)
	table.EndSession(3)
	check("none", 0, 1) // the series ends
	speak(table, host(1), 4, 2)
	check("again", 2, 1)
	table.EndSession(4)
	speak(table, host(1), 4, 1) // the same number, and less than it had
	check("ended and begun again between two scrapes", 3, 1)
}

// A packet beyond the limit that is counted in all, and not yet by address, at the moment of a scrape.
func TestOthersDoNotGoBackForAPacketBeyondTheLimit(t *testing.T) {
	s := &series{}
	for _, limited := range []uint64{0, 1} {
		lines := s.divideAlone(exporter.Snapshot{
			Sources: []exporter.SourceStats{{Key: exporter.Key{Address: host(1)}, Stats: exporter.Stats{Packets: 5}}},
			Devices: []exporter.DeviceStats{{Address: host(1), RateLimited: limited}},
			Total:   exporter.Stats{Packets: 5}, Refused: map[string]uint64{"rate_limited": 1},
		})
		if len(lines) != 2 || lines[0].counted[limitedAt] != limited || lines[1].counted[limitedAt] != 1 || lines[1].counted[packetsAt] != 0 {
			t.Errorf("%+v", lines)
		}
	}
}

// account holds the series of a table to their promises over scrapes.
type account struct {
	series *series
	table  *exporter.Table
	before map[string]line
	known  map[string]bool // devices at the scrape before
}

func (a *account) check() error {
	snap, lines := a.series.scrape(a.table)
	now := map[string]line{}
	for _, l := range lines {
		now[l.name] = l
		for i, n := range a.before[l.name].counted {
			if l.counted[i] < n {
				return fmt.Errorf("%s of %s: %d after %d", exporterCounters[i].name, l.name, l.counted[i], n)
			}
		}
		for i, n := range l.counted {
			if n > 1<<62 {
				return fmt.Errorf("%s of %s: %d", exporterCounters[i].name, l.name, n)
			}
		}
	}
	known := map[string]bool{}
	for _, src := range snap.Sources {
		name := src.Key.Address.String()
		_, own := now[name]
		_, before := a.before[name]
		if a.known[name] && own != before {
			return fmt.Errorf("%s has series of its own: %v, then %v", name, before, own)
		}
		known[name] = true
	}
	if len(now) > maxExporterSeries+1 {
		return fmt.Errorf("%d series", len(now))
	}
	if len(a.series.sources) > len(snap.Sources)+1 || len(a.series.devices) > len(snap.Devices)+1 {
		return fmt.Errorf("%d sources and %d devices are kept", len(a.series.sources), len(a.series.devices))
	}
	a.before, a.known = now, known
	return nil
}

// TestExporterSeriesOnlyGrow: whatever comes and goes, floods that push out devices with series of their own among it.
func TestExporterSeriesOnlyGrow(t *testing.T) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 1))
		table := exporter.NewTable(exporter.Limits{Exporters: 250, PacketsPerSecond: 20})
		a := account{series: &series{}, table: table}
		now := time.Unix(1_700_000_000, 0)
		for step := range 3000 {
			now = now.Add(time.Duration(r.IntN(2000)) * time.Millisecond)
			address, session := host(r.IntN(1+step/4)), uint32(r.IntN(3))
			switch r.IntN(20) {
			case 0:
				table.EndSession(session)
			case 1:
				if err := a.check(); err != nil {
					t.Fatalf("seed %d, step %d: %v", seed, step, err)
				}
			default:
				for range r.IntN(40) {
					if session != 0 || table.Admit(address, now) {
						source := table.Source(exporter.Key{Address: address, Session: session, Format: flow.IPFIX, Domain: uint32(r.IntN(2))}, now)
						source.Count(r.IntN(5), 0)
						if r.IntN(10) == 0 {
							source.Malformed()
						}
					}
				}
			}
		}
		snap := table.Snapshot()
		if snap.Evicted == 0 || snap.Ended == 0 || snap.Refused["rate_limited"] == 0 {
			t.Errorf("seed %d does not try what it should: %d evicted, %d ended, %v", seed, snap.Evicted, snap.Ended, snap.Refused)
		}
	}
}

func TestExporterSeriesForScrapesAtTheSameTime(t *testing.T) {
	table, s := exporter.NewTable(exporter.Limits{Exporters: 150}), &series{}
	stop := make(chan struct{})
	var scrapes sync.WaitGroup
	for range 4 {
		scrapes.Go(func() {
			for n := 0; ; n++ {
				_, lines := s.scrape(table)
				if len(lines) > maxExporterSeries+1 {
					t.Errorf("%d series", len(lines))
				}
				select {
				case <-stop:
					if n > 0 {
						return
					}
				default:
				}
			}
		})
	}
	for i := range 20_000 {
		speak(table, host(i%400), uint32(i%3), 1)
		if i%100 == 0 {
			table.EndSession(1)
		}
	}
	close(stop)
	scrapes.Wait()
	var sum uint64
	_, lines := s.scrape(table)
	for _, l := range lines {
		sum += l.counted[packetsAt]
	}
	if sum += s.gone[packetsAt]; sum != 20_000 {
		t.Errorf("%d packets are accounted for", sum)
	}
}

// TestEveryFigureOfExportersIsShown gives each figure of a snapshot a value of its own and looks for it in the metrics.
func TestEveryFigureOfExportersIsShown(t *testing.T) {
	next := 1000
	want := map[float64]string{}
	var fill func(v reflect.Value, name string)
	fill = func(v reflect.Value, name string) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i), name+"."+v.Type().Field(i).Name)
			}
		case reflect.Uint64:
			next++
			v.SetUint(uint64(next))
			want[float64(next)] = name
		case reflect.Int:
			next++
			v.SetInt(int64(next))
			want[float64(next)] = name
		default:
			t.Fatalf("%s is a %v: say here where the metrics have it", name, v.Kind())
		}
	}
	address := host(1)
	var snap exporter.Snapshot
	snap.Sources = []exporter.SourceStats{{Key: exporter.Key{Address: address, Format: flow.IPFIX}}}
	stats := &snap.Sources[0].Stats
	fill(reflect.ValueOf(stats).Elem(), "Stats")
	snap.Total = *stats
	snap.Devices = []exporter.DeviceStats{{Address: address}}
	snap.Refused = map[string]uint64{}
	for i, cause := range []exporter.Cause{exporter.TooShort, exporter.UnsupportedVersion, exporter.NotAllowed, exporter.RateLimited} {
		snap.Refused[cause.String()] = uint64(100 + i)
		want[float64(100+i)] = "Refused " + cause.String()
	}
	snap.Devices[0].RateLimited, want[50] = 50, "Devices.RateLimited"
	snap.Devices[0].Rows, want[60] = exporter.Rows{Interfaces: 10, Applications: 10, VRFs: 10, Users: 10, Samplers: 10, Elements: 10}, "Devices.Rows"
	for v, i := reflect.ValueOf(&snap).Elem(), 0; i < v.NumField(); i++ {
		switch name := v.Type().Field(i).Name; name {
		case "Sources", "Devices", "Total", "Refused":
		default:
			fill(v.Field(i), name)
		}
	}

	m := newMetrics(&state{})
	shown := map[float64]bool{}
	m.collectTable(snap, (&series{}).divideAlone(snap),
		func(_ *prometheus.Desc, v uint64, _ ...string) { shown[float64(v)] = true },
		func(_ *prometheus.Desc, v float64, _ ...string) { shown[v] = true }, "")
	for v, name := range want {
		if !shown[v] {
			t.Errorf("no metric shows %s", name)
		}
	}
}

// TestMetricsAreDocumented: each metric is in the table of the documentation, by its name or a prefix, and no other is.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/collector.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| metric | |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	unused := map[string]bool{}
	for row := range strings.Lines(table) {
		for _, found := range regexp.MustCompile("`([a-z_*]+)`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			unused[found[1]] = true
		}
	}
	documented := maps.Clone(unused)
	for _, label := range []string{"listen", "cause", "format", "exporter", "output", "source", "other", "reader"} {
		delete(unused, label)
	}
	for _, d := range newMetrics(&state{}).descs {
		name := regexp.MustCompile(`fqName: "flowcollector_([a-z_]+)"`).FindStringSubmatch(d.String())[1]
		found := documented[name]
		delete(unused, name)
		for pattern := range documented {
			if prefix, ok := strings.CutSuffix(pattern, "*"); ok && strings.HasPrefix(name, prefix) {
				found = true
				delete(unused, pattern)
			}
		}
		if !found {
			t.Errorf("%s is not documented", name)
		}
	}
	if len(unused) != 0 {
		t.Errorf("documented, but no metrics: %v", slices.Sorted(maps.Keys(unused)))
	}
}
