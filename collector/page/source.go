// Package page is what people see in a browser: how the collector is, who exports, what makes most traffic, and the flows of late.
//
// Pages are made by the server, so that they work without scripts, and look at the service through a Source, which returns copies. Nothing that is
// asked of them changes anything.
package page

import (
	"context"
	"net/netip"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

// Source is the service as the pages see it. Its methods are called by many goroutines at once, at most about once a second each.
type Source interface {
	// Identity is the version of the program, and the name of the host.
	Identity() (version, host string)
	Overview() Overview
	// Exporter returns what is known of an exporter, or false when there is none with the address.
	Exporter(ctx context.Context, address netip.Addr) (Exporter, bool)
	// Top returns what made most traffic within the last minutes, 60 at most.
	Top(minutes int) Top
	Settings() []config.Setting
}

// Searcher finds flows of late.
type Searcher interface {
	Search(ctx context.Context, q recent.Query) (recent.Result, error)
}

// Overview is how the collector is.
type Overview struct {
	Now, Started time.Time
	Headline     string   // a sentence without a full stop
	Ready        bool     // flows get to where they are kept
	Problems     []string // what is wrong, if something is
	Rates        Rates
	Drops        float64     // flows and packets lost a second
	History      []Point     // of the last hour, oldest first
	Interval     float64     // seconds between two points
	Exporters    []Sender    // most flows a second first
	Sockets      []Socket    // what is listened on
	Outputs      []Output    // where flows go
	Enrichment   []Addition  // what is added to flows
	Totals       Totals      // since the start
	Refused      []NamedSum  // packets not decoded, by cause
	First        []FirstStep // how to send a first packet; shown while there is no exporter
}

// Totals are sums since the start.
type Totals struct {
	Flows, Packets, Dropped, KernelDrops uint64
}

// FirstStep is something to do, and what to type for it.
type FirstStep struct{ Text, Code string }

// NamedSum is a figure with a name.
type NamedSum struct {
	Cause string // as metrics name it
	Name  string // for people
	N     uint64
}

// Rates are per second, over about ten seconds.
type Rates struct {
	Flows, Packets float64 // flow records, and packets of exporters
	Bits           float64 // of the traffic that the flows tell of
}

// Point is a moment of the history, with rates per second since the one before.
type Point struct {
	Flows, Packets, Drops float64
}

// Sender is an exporter in the list of all.
type Sender struct {
	Address                netip.Addr
	Name                   string // empty: nobody knows it
	Formats                []string
	Rates                  Rates
	Rated                  bool      // the rates are known: too many exporters are not followed
	History                []float64 // flows a second of the last 15 minutes, oldest first
	Loss                   float64   // share of what was missing in its sequence numbers in the last 15 minutes, 0 to 1
	Lost                   uint64    // the same since the start, in the unit of the format
	Templates              int
	Waiting                int // data sets that wait for their template
	WaitingSince, LastSeen time.Time
	Sampling               string        // such as "1 in 1000"; empty: all packets are counted
	SamplingBy             string        // who said so
	Skew                   time.Duration // how far its clock is behind ours
	Malformed, RateLimited uint64        // packets
}

// Label is the name, or else the address.
func (s Sender) Label() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Address.String()
}

// Exporter is all about one exporter.
type Exporter struct {
	Sender
	Sources    []Process
	Interfaces []Interface
	Samplers   []Sampler
	Templates  []Template
	Cut        int  // interfaces, samplers and templates that are left out because there are too many
	Minutes    int  // over which the rates of interfaces are
	Busy       bool // the reader did not answer in time: interfaces, samplers and templates are missing
}

// Process is an exporting process.
type Process struct {
	Format, Domain, Agent, Listen string
	Session                       bool // it keeps a connection
	Packets, Records, Options     uint64
	Lost, Reordered, Restarts     uint64
	Templates, Waiting            int
	Dropped                       uint64 // data sets that waited for their template in vain
	LastSeen                      time.Time
}

// Interface is an interface of an exporter.
type Interface struct {
	Index             uint32
	Name, Description string
	Speed             uint64  // bit/s; 0 is not known
	In, Out           float64 // bit/s by its flows
	Measured          bool    // it is among those with most traffic, so that In and Out are known
	Counters          bool    // it sends counters: Up, Discards and Errors
	Up                bool
	Discards, Errors  uint64
}

// Load is the greater share of the speed that is used, 0 to 1; 0 where it is not known.
func (i Interface) Load() float64 {
	if i.Speed == 0 || !i.Measured {
		return 0
	}
	return min(1, max(i.In, i.Out)/float64(i.Speed))
}

// Sampler is a sampler of an exporter.
type Sampler struct {
	Name     string // of what it is
	Interval uint32
}

// Template is a template of an exporter.
type Template struct {
	Format, Domain string
	ID             uint16
	Options        bool
	Fields         []Field
}

// Field is a field of a template.
type Field struct {
	Name   string
	Length string
}

// Socket is an address that is listened on.
type Socket struct {
	Listen, Protocol string
	Packets          uint64 // or messages
	Rate             float64
	Drops            uint64 // by the kernel
	Buffer           int    // octets; 0: it has none of its own
	Connections      int
	Streams          bool // it takes connections
}

// Output is where flows go.
type Output struct {
	Name                   string
	Problem                string // what is wrong now
	Since                  time.Time
	LastProblem            string // what was wrong last, where nothing is now
	LastAt                 time.Time
	Behind                 time.Duration // age of the oldest flow that is not stored
	Stored, Held           uint64        // flows
	HeldBytes, LimitBytes  int
	Rate                   float64 // flows stored a second
	Dropped                []NamedSum
	Rejected               []NamedSum
	DeadLetters, Retried   uint64
	Duplicates             uint64
	Spool                  bool
	SpoolBytes             int64
	SpoolSegments          int
	SpoolErrors, Restored  uint64
	Unreadable             int
	DocumentsWithoutAPlace bool // nothing is configured: flows are counted and dropped
}

// Addition is something that flows are enriched from.
type Addition struct {
	Name, Path string
	Built      time.Time // zero: it is no database
	Text       string
	Problem    string
}

// Top is what made most traffic.
type Top struct {
	Minutes       int
	From, To      time.Time
	Sampled       bool // small flows were counted some for all
	Flows         uint64
	Octets        uint64
	Talkers       []Share
	Conversations []Share
	Applications  []Share
	Systems       []Share
	Countries     []Share
}

// Share is a row of what made most traffic.
type Share struct {
	Name   string // first line
	Detail string // second line, may be empty
	Query  string // of the page of flows, such as "address=192.0.2.1"; empty: there is none
	Bits   float64
	Octets uint64
	Of     float64 // share of all traffic, 0 to 1
}
