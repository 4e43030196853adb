package exporter

import (
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Key names a source of flows: one exporting process on one device. Two processes of a device number their templates
// independently of each other and must be kept apart (RFC 3954 section 5.1, RFC 7011 section 3.1).
//
// The format belongs to it because a device may export in two, which number templates of their own; the session, because templates sent over
// a connection are valid for this connection only (RFC 7011 section 8); the agent, because each numbers its datagrams.
type Key struct {
	Address netip.Addr
	Session uint32 // of a connection; 0 for datagrams, whatever port they come from: an exporter that restarts comes from another
	Format  flow.Format
	Agent   netip.Addr // of sFlow behind a relay; invalid where the sender speaks for itself
	Domain  uint32     // source id of NetFlow v9; observation domain of IPFIX; engine type × 256 + engine id of v5; sub-agent of sFlow
}

// Origin is where a packet came from.
type Origin struct {
	Address netip.Addr
	Session uint32 // of a connection; 0 for datagrams
}

// Template is what a source announced about its data sets with one id.
type Template struct {
	ID      uint16
	Fields  []flow.FieldSpec
	Options bool // its data describe the exporter, not flows
	Program flow.Program

	said []flow.FieldSpec // nil: all of the fields
}

// Said are the fields that have octets. Those without cost nothing in a packet, so that walking over them would cost too much.
func (t *Template) Said() []flow.FieldSpec {
	if t.said != nil {
		return t.said
	}
	return t.Fields
}

// withoutEmpty returns the fields that have octets, nil where all have.
func withoutEmpty(fields []flow.FieldSpec) []flow.FieldSpec {
	n := 0
	for _, f := range fields {
		n += int(min(f.Length, 1))
	}
	if n == len(fields) {
		return nil
	}
	said := make([]flow.FieldSpec, 0, n)
	for _, f := range fields {
		if f.Length > 0 {
			said = append(said, f)
		}
	}
	return said
}

// size is about what the template takes in memory, the program and its place in the table included.
func (t *Template) size() int { return 256 + 8*(cap(t.Fields)+cap(t.said)) + t.Program.Memory() }

// kind is the index of the template's kind in Source.ofKind.
func (t *Template) kind() int {
	if t.Options {
		return 1
	}
	return 0
}

// Source is the state of one exporting process. Its methods belong to the decoding goroutine.
type Source struct {
	Key Key

	table         *Table
	host          *host
	place         entry[Source] // in the table's order of sources
	hostPlace     entry[Source] // in its host's, while it is not the only one
	templatePlace entry[Source] // in that of sources with templates, while it has any
	waitingPlace  entry[Source] // in that of sources with data that wait, while it has any
	templates     map[uint16]*Template
	ofKind        [2]int // how many templates are of data, how many of options
	templateBytes int
	saved         []TemplateState  // of the last State; nil when the templates changed since
	pending       map[uint16]chain // by template id; nil when nothing waits
	pendingBytes  int
	sequence      sequence
	initialized   uint64       // Unix milliseconds
	elements      uint64       // changes of the device's elements that the templates were compiled with
	renewed       int64        // when they were last compiled anew, Unix nanoseconds
	rate          Rate         // configured
	lastSeen      atomic.Int64 // Unix nanoseconds
	waiting       atomic.Int64 // pending sets
	waitingSince  atomic.Int64 // when the first of them came after there was none, Unix nanoseconds
	known         atomic.Int64 // templates

	packets, records, options            atomic.Uint64
	redefined, templatesRefused, unknown atomic.Uint64
	pendingDropped, malformed            atomic.Uint64
	optionsRefused, withdrawn, undecoded atomic.Uint64
	skewed, implausible                  atomic.Uint64

	traffic traffic
}

// Count adds to the figures of the source: one packet with so many flow records and option records.
func (s *Source) Count(records, options int) {
	s.packets.Add(1)
	if records > 0 {
		s.records.Add(uint64(records))
		s.traffic.publish()
	}
	if options > 0 {
		s.options.Add(uint64(options))
	}
	if minute := uint32(s.lastSeen.Load() / int64(time.Minute)); records+options > 0 && minute != s.place.minute {
		s.table.delivered(s, minute)
	}
}

// Malformed counts a packet that could not be decoded to its end.
func (s *Source) Malformed() { s.malformed.Add(1) }

// Sequence accounts for the sequence number of a packet that carries units, which are what its format counts: packets for NetFlow v9,
// datagrams for sFlow, flows for NetFlow v5 to v8, data records for IPFIX, those of option tables among them (RFC 7011 section 3.1).
// Window is the greatest gap that is still loss and not a restart of the exporter.
func (s *Source) Sequence(number, units uint32, window int32) { s.sequence.take(number, units, window) }

// Resync says that the packet whose number was given last carries units that cannot be counted, because it has sets that wait for their
// template: the next number is taken as it comes, and no loss is seen in it.
func (s *Source) Resync() { s.sequence.unsure = s.sequence.unsure || s.sequence.moved }

// Template returns the template with an id, or nil.
func (s *Source) Template(id uint16) *Template { return s.templates[id] }

// Define stores a template. It returns false when the source has as many as the limits allow. Where the templates of all sources
// need more memory than they may, another source makes room.
func (s *Source) Define(t *Template) bool {
	t.said = withoutEmpty(t.Fields)
	old, known := s.templates[t.ID]
	growth := t.size()
	if known {
		growth -= old.size()
	}
	if !known && len(s.templates) >= s.table.limits.Templates || !s.table.room(growth, s) {
		s.templatesRefused.Add(1)
		return false
	}
	if known && (old.Options != t.Options || !slices.Equal(old.Fields, t.Fields)) {
		s.redefined.Add(1)
	}
	if s.templates == nil {
		s.templates = make(map[uint16]*Template)
		s.templatePlace.follow(&s.place)
		s.table.templated.add(&s.templatePlace)
	}
	s.templateBytes += growth
	s.table.templateBytes += growth
	if known {
		s.ofKind[old.kind()]--
	}
	s.ofKind[t.kind()]++
	s.templates[t.ID] = t
	s.table.changed, s.saved = true, nil
	s.known.Store(int64(len(s.templates)))
	return true
}

// TemplateRefused counts a template that is beyond a limit.
func (s *Source) TemplateRefused() { s.templatesRefused.Add(1) }

// Templates is how many templates are known.
func (s *Source) Templates() int { return len(s.templates) }

// Same tells whether a template is already known in exactly this form, so that it need not be compiled again.
func (s *Source) Same(id uint16, options bool, fields []flow.FieldSpec) bool {
	t := s.templates[id]
	return t != nil && t.Options == options && slices.Equal(t.Fields, fields)
}

// Initialized records when the exporter started, in Unix milliseconds: its IPFIX messages do not say its uptime.
func (s *Source) Initialized(milliseconds uint64) {
	s.table.changed = s.table.changed || s.initialized != milliseconds
	s.initialized = milliseconds
}

// Clock completes a clock that lacks the uptime.
func (s *Source) Clock(c flow.Clock) flow.Clock {
	if c.Unknown {
		return c.Since(s.initialized)
	}
	return c
}

// Undecoded counts lists that are not wholly in the record they are in.
func (s *Source) Undecoded(lists int) { s.undecoded.Add(uint64(lists)) }
