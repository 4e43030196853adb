package service

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
)

// maxExporterSeries is how many exporters have series of their own at once. The others are summed up under the name "other", so that
// invented source addresses cannot fill the metrics store.
const maxExporterSeries = 100

// figures are what is counted of a source, of a device or of all.
type figures struct {
	exporter.Stats
	limited uint64 // packets beyond the rate limit
	dropped uint64 // flows that an output had no room for
}

// exporterCounters are the counters that exporters have series of.
var exporterCounters = [...]struct {
	name, help string
	of         func(figures) uint64
}{
	{"exporter_packets_total", "Packets of the exporter.", func(f figures) uint64 { return f.Packets }},
	{"exporter_records_total", "Flow records of the exporter.", func(f figures) uint64 { return f.Records }},
	{"exporter_malformed_packets_total", "Packets of the exporter not decoded to their end.", func(f figures) uint64 { return f.Malformed }},
	{
		"exporter_sequence_lost_total", "What is missing in the exporter's sequence numbers: packets (NetFlow v9), datagrams (sFlow), flows (NetFlow v5 to v8) or data records (IPFIX).",
		func(f figures) uint64 { return f.SequenceLost },
	},
	{"exporter_sequence_reordered_total", "Of those missing, what came late after all.", func(f figures) uint64 { return f.SequenceReordered }},
	{
		"exporter_sequence_units_total", "What came, in the unit of the exporter's sequence numbers: packets (NetFlow v9), datagrams (sFlow), flows (NetFlow v5 to v8) or data records (IPFIX).",
		func(f figures) uint64 { return f.SequenceUnits },
	},
	{"exporter_sequence_restarts_total", "Jumps of the sequence number that mean a restart of the exporter.", func(f figures) uint64 { return f.SequenceRestarted }},
	{
		"exporter_clock_corrected_records_total", "Flow records whose times were moved because the exporter's clock is wrong (decode.max_clock_skew).",
		func(f figures) uint64 { return f.ClockCorrected },
	},
	{"exporter_times_implausible_total", "Times that were left out because they cannot be.", func(f figures) uint64 { return f.TimesImplausible }},
	{
		"exporter_flows_dropped_total", "Flows of the exporter that the queue of an output had no room for: its part of flows_dropped_total, cause buffer_full, of all outputs.",
		func(f figures) uint64 { return f.dropped },
	},
	{
		"exporter_rate_limited_packets_total", "UDP packets of the exporter not looked at (exporters.max_packets_per_second).",
		func(f figures) uint64 { return f.limited },
	},
}

// tally has a value for each of exporterCounters.
type tally [len(exporterCounters)]uint64

// packetsAt is the place of the packets in a tally.
const packetsAt = 0

func tallyOf(f figures) (t tally) {
	for i, c := range exporterCounters {
		t[i] = c.of(f)
	}
	return t
}

func (t *tally) add(o tally) {
	for i, n := range o {
		t[i] += n
	}
}

func (t *tally) subtract(o tally) {
	for i, n := range o {
		t[i] -= n
	}
}

// since is what was counted after a tally of the same source. Where a counter went back the source was forgotten in between: what has its
// name now began at nothing.
func (t tally) since(before tally) tally {
	for i, n := range before {
		if t[i] < n {
			return t
		}
	}
	t.subtract(before)
	return t
}

// series divides the figures of the tables of an address among exporters with a name and "other". A device has series of its own from when it is first seen,
// if there is room, and keeps them as long as it is known; one that was counted among the others stays there. So no counter ever goes down.
//
// What it keeps is bounded as the tables are.
type series struct {
	mu      sync.Mutex
	sources map[sourceOf]tally         // at the scrape before
	devices map[netip.Addr]*exporterOf // known at the scrape before
	gone    tally                      // what devices had in series of their own that ended because they were forgotten
	other   tally
}

// sourceOf is a source in one of the tables: each has counters of its own for it.
type sourceOf struct {
	table int
	exporter.Key
}

// exporterOf is a device with what its exporting processes, those that were forgotten among them, counted since it is known.
type exporterOf struct {
	address netip.Addr
	seen    bool // at a scrape before, with something counted
	own     bool // has series of its own
	counted tally
	device  map[int]tally // what is not counted by source, in each table
	present
}

// present are figures of now.
type present struct{ templates, waiting, rows int }

func (p *present) add(o present) {
	p.templates += o.templates
	p.waiting += o.waiting
	p.rows += o.rows
}

// line is what is shown under one name.
type line struct {
	name    string
	counted tally
	present
}

// scrape reads the tables. It may be called from any goroutine.
func (s *series) scrape(tables ...*exporter.Table) (exporter.Snapshot, []line) {
	s.mu.Lock()
	defer s.mu.Unlock() // one snapshot after the other: a counter of an older one has not gone back
	snaps := make([]exporter.Snapshot, len(tables))
	for i, t := range tables {
		snaps[i] = t.Snapshot()
	}
	sum := exporter.Sum(snaps...)
	return sum, s.divide(sum, snaps)
}

func (s *series) divide(sum exporter.Snapshot, snaps []exporter.Snapshot) []line {
	s.count(sum, snaps)
	s.name()
	all := tallyOf(figures{Stats: sum.Total, limited: sum.Refused[exporter.RateLimited.String()], dropped: sum.Dropped})
	all.subtract(s.gone)
	var lines []line
	others := line{name: "other"}
	for _, d := range s.devices {
		if d.own {
			all.subtract(d.counted)
			lines = append(lines, line{d.address.String(), d.counted, d.present})
		} else {
			others.add(d.present)
		}
	}
	for i, n := range all {
		s.other[i] = max(s.other[i], n) // a packet beyond the limit is counted in all a moment before it is by address
	}
	others.counted = s.other
	if others != (line{name: "other"}) {
		lines = append(lines, others)
	}
	return lines
}

// count brings devices and sources up to a snapshot of each table. What they have now is as the sum says.
func (s *series) count(sum exporter.Snapshot, snaps []exporter.Snapshot) {
	sources := make(map[sourceOf]tally, len(sum.Sources))
	devices := make(map[netip.Addr]*exporterOf, len(sum.Devices))
	device := func(address netip.Addr) *exporterOf {
		d := devices[address]
		if d == nil {
			if d = s.devices[address]; d == nil {
				d = &exporterOf{address: address, device: map[int]tally{}}
			}
			d.present = present{}
			devices[address] = d
		}
		return d
	}
	for table, snap := range snaps {
		for i := range snap.Sources {
			src := &snap.Sources[i]
			key, now := sourceOf{table, src.Key}, tallyOf(figures{Stats: src.Stats})
			sources[key] = now
			device(src.Key.Address).counted.add(now.since(s.sources[key]))
		}
		for _, about := range snap.Devices {
			d, now := device(about.Address), tallyOf(figures{limited: about.RateLimited, dropped: about.Dropped})
			d.counted.add(now.since(d.device[table]))
			d.device[table] = now
		}
	}
	for i := range sum.Sources {
		src := &sum.Sources[i]
		device(src.Key.Address).add(present{templates: src.Templates, waiting: src.Waiting})
	}
	for _, about := range sum.Devices {
		device(about.Address).rows = about.Rows.Total()
	}
	for address, d := range s.devices {
		if devices[address] == nil && d.own {
			s.gone.add(d.counted)
		}
	}
	s.sources, s.devices = sources, devices
}

// name gives series of their own to devices that are new, to those that sent most first. A device that is only known from before a
// restart, as each socket knows all of them, is new when it sends.
func (s *series) name() {
	room := maxExporterSeries
	var fresh []*exporterOf
	for _, d := range s.devices {
		switch {
		case d.own:
			room--
		case !d.seen && d.counted != (tally{}):
			fresh = append(fresh, d)
		}
	}
	slices.SortFunc(fresh, func(a, b *exporterOf) int {
		return cmp.Or(cmp.Compare(b.counted[packetsAt], a.counted[packetsAt]), a.address.Compare(b.address))
	})
	for i, d := range fresh {
		d.seen, d.own = true, i < room
	}
}
