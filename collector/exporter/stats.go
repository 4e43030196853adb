package exporter

import (
	"net/netip"
	"slices"
	"time"
)

// Cause is why a packet was not decoded at all.
type Cause uint8

// The causes.
const (
	TooShort           Cause = iota // shorter than the header of its version
	UnsupportedVersion              // none of the versions that are decoded
	NotAllowed                      // from an address that may not send
	RateLimited                     // one too many of its address within a second
	causes
)

// String is the name of the cause in metrics.
func (c Cause) String() string {
	switch c {
	case TooShort:
		return "too_short"
	case UnsupportedVersion:
		return "unsupported_version"
	case NotAllowed:
		return "not_allowed"
	case RateLimited:
		return "rate_limited"
	}
	return "unknown"
}

// Refused counts a packet that is not decoded at all. It may be called from any goroutine.
func (t *Table) Refused(c Cause) { t.errors[c].Add(1) }

// Dropped counts flows of a device that an output had no room for. An address that has no device, or none at all, is counted in the sum only.
func (t *Table) Dropped(from netip.Addr, flows int) {
	t.dropped.Add(uint64(flows))      // first, so that a snapshot never has more by address than in all
	if h := t.hosts[from]; h != nil { // no lock: only this goroutine writes
		h.dropped.Add(uint64(flows))
	}
}

// Stats are the figures of a source, or sums of several. All but Templates and Waiting only grow.
type Stats struct {
	Packets, Records, Options uint64 // packets, flow records, option records decoded
	Malformed                 uint64 // packets that could not be decoded to their end
	SequenceUnits             uint64 // units that came, in the unit of the format (Source.Sequence)
	SequenceLost              uint64 // units missing when a later packet came, in the unit of the format (Source.Sequence)
	SequenceReordered         uint64 // units of those that came late after all
	SequenceRestarted         uint64 // jumps of the sequence number that mean a restart
	TemplatesRedefined        uint64 // templates that changed their fields
	TemplatesRefused          uint64 // templates beyond a limit
	ClockCorrected            uint64 // records whose times were moved because the exporter's clock was wrong
	TimesImplausible          uint64 // times that were left out because they cannot be
	TemplatesWithdrawn        uint64 // templates that the exporter took back
	ListsUndecoded            uint64 // lists within records that could not be decoded
	SetsBeforeTemplate        uint64 // data sets that came before their template
	SetsDropped               uint64 // of those, dropped because too many waited, or for too long, or because they did not fit their template
	OptionsRefused            uint64 // rows of option tables beyond a limit

	Templates int // templates known now
	Waiting   int // data sets waiting for their template now
}

// counters are all figures that only grow.
func (s *Stats) counters() []*uint64 {
	return []*uint64{
		&s.Packets, &s.Records, &s.Options, &s.Malformed, &s.SequenceUnits, &s.SequenceLost, &s.SequenceReordered, &s.SequenceRestarted,
		&s.TemplatesRedefined, &s.TemplatesRefused, &s.TemplatesWithdrawn, &s.ListsUndecoded, &s.ClockCorrected, &s.TimesImplausible,
		&s.SetsBeforeTemplate, &s.SetsDropped, &s.OptionsRefused,
	}
}

// Add adds the figures of another source.
func (s *Stats) Add(o Stats) {
	for i, n := range o.counters() {
		*s.counters()[i] += *n
	}
	s.Templates += o.Templates
	s.Waiting += o.Waiting
}

func (s *Source) stats() Stats {
	one := Stats{
		Packets: s.packets.Load(), Records: s.records.Load(), Options: s.options.Load(),
		Malformed:          s.malformed.Load(),
		SequenceLost:       s.sequence.lost.Load(),
		SequenceReordered:  s.sequence.reordered.Load(),
		SequenceRestarted:  s.sequence.restarted.Load(),
		TemplatesRedefined: s.redefined.Load(),
		TemplatesRefused:   s.templatesRefused.Load(),
		ClockCorrected:     s.skewed.Load(),
		TimesImplausible:   s.implausible.Load(),
		TemplatesWithdrawn: s.withdrawn.Load(),
		ListsUndecoded:     s.undecoded.Load(),
		SetsBeforeTemplate: s.unknown.Load(),
		SetsDropped:        s.pendingDropped.Load(),
		OptionsRefused:     s.optionsRefused.Load(),
		Templates:          int(s.known.Load()),
		Waiting:            int(s.waiting.Load()),
	}
	one.SequenceUnits = one.Records + one.Options
	if s.Key.Format.CountsPackets() {
		one.SequenceUnits = one.Packets
	}
	return one
}

// SourceStats are the figures of one source.
type SourceStats struct {
	Key          Key
	LastSeen     time.Time
	WaitingSince time.Time // since when data sets wait for their template, without a break; means nothing where Waiting is 0
	Traffic      Traffic
	Stats
}

// DeviceStats are the figures of an address, which may have several sources.
type DeviceStats struct {
	Address     netip.Addr
	RateLimited uint64 // packets beyond the limit
	Dropped     uint64 // flows that an output had no room for
	Rows        Rows   // what it described about itself
}

// Snapshot is a copy of a table's figures.
type Snapshot struct {
	Sources       []SourceStats     // ordered by address, session, format and domain
	Devices       []DeviceStats     // of all addresses that sources have, ordered by address
	Total         Stats             // over all sources, those forgotten included
	Evicted       uint64            // sources that were forgotten to make room
	Ended         uint64            // sources that were forgotten because their connection ended
	RowsForgotten uint64            // rows of option tables that were forgotten to make room, users among them, or with the last source of their device
	Dropped       uint64            // flows that an output had no room for, those of forgotten and of unknown devices included
	Refused       map[string]uint64 // packets not decoded at all, by cause
}

// Snapshot copies the figures. It may be called from any goroutine.
func (t *Table) Snapshot() Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	snap := Snapshot{
		Total: t.gone, Evicted: t.evicted.Load(), Ended: t.ended.Load(), RowsForgotten: t.rowsForgotten.Load(), Refused: make(map[string]uint64, causes),
		Sources: make([]SourceStats, 0, len(t.sources)), Devices: make([]DeviceStats, 0, len(t.hosts)),
	}
	for _, s := range t.sources {
		one := SourceStats{Key: s.Key, LastSeen: time.Unix(0, s.lastSeen.Load()), Stats: s.stats()}
		one.WaitingSince, one.Traffic = time.Unix(0, s.waitingSince.Load()), s.traffic.snapshot()
		snap.Total.Add(one.Stats)
		snap.Sources = append(snap.Sources, one)
	}
	for _, h := range t.hosts {
		snap.Devices = append(snap.Devices, DeviceStats{Address: h.address, RateLimited: h.limited.Load(), Dropped: h.dropped.Load(), Rows: h.device.Rows()})
	}
	slices.SortFunc(snap.Sources, compareSources)
	slices.SortFunc(snap.Devices, compareDevices)
	for c := range causes {
		snap.Refused[c.String()] = t.errors[c].Load()
	}
	snap.Dropped = t.dropped.Load() // last, so that it is not less than those of the devices
	return snap
}
