package exporter

import (
	"cmp"
	"net/netip"
	"slices"
)

// Sum is what several tables say together, those of the readers of one address. An exporter that more than one of them knows, as after a
// restart all do, is there once: its counters are added, and what it has now is as in the table that heard of it last.
func Sum(tables ...Snapshot) Snapshot {
	if len(tables) == 1 {
		return tables[0]
	}
	all := Snapshot{Refused: make(map[string]uint64, causes)}
	sources, devices := map[Key]int{}, map[netip.Addr]int{}
	for _, one := range tables {
		all.Total.Add(one.Total)
		all.Evicted += one.Evicted
		all.Ended += one.Ended
		all.RowsForgotten += one.RowsForgotten
		all.Dropped += one.Dropped
		for cause, n := range one.Refused {
			all.Refused[cause] += n
		}
		for _, s := range one.Sources {
			at, known := sources[s.Key]
			if !known {
				sources[s.Key] = len(all.Sources)
				all.Sources = append(all.Sources, s)
				continue
			}
			all.Sources[at].merge(s)
		}
		for _, d := range one.Devices {
			at, known := devices[d.Address]
			if !known {
				devices[d.Address] = len(all.Devices)
				all.Devices = append(all.Devices, d)
				continue
			}
			all.Devices[at].merge(d)
		}
	}
	slices.SortFunc(all.Sources, compareSources)
	slices.SortFunc(all.Devices, compareDevices)
	return all
}

// merge adds what another table counted of the same source. What is no counter comes from the table that heard of the source last: each reader
// has restored all sources, and only one of them hears of it.
func (s *SourceStats) merge(o SourceStats) {
	sum := *s
	if o.LastSeen.After(s.LastSeen) {
		sum = o
	}
	templates, waiting := sum.Templates, sum.Waiting
	sum.Stats = s.Stats
	sum.Add(o.Stats)
	sum.Templates, sum.Waiting = templates, waiting
	sum.Traffic.Octets, sum.Traffic.Packets = s.Traffic.Octets+o.Traffic.Octets, s.Traffic.Packets+o.Traffic.Packets
	*s = sum
}

func (d *DeviceStats) merge(o DeviceStats) {
	d.RateLimited += o.RateLimited
	d.Dropped += o.Dropped
	if o.Rows.Total() > d.Rows.Total() {
		d.Rows = o.Rows
	}
}

func compareSources(a, b SourceStats) int {
	return cmp.Or(a.Key.Address.Compare(b.Key.Address), cmp.Compare(a.Key.Session, b.Key.Session), cmp.Compare(a.Key.Format, b.Key.Format),
		a.Key.Agent.Compare(b.Key.Agent), cmp.Compare(a.Key.Domain, b.Key.Domain))
}

func compareDevices(a, b DeviceStats) int { return a.Address.Compare(b.Address) }
