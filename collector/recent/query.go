// Package recent keeps the newest flows in bounded space on disk, and finds them again: what the collector is of use for before there is any
// Elasticsearch.
//
// Flows are in segments: SQLite files that are filled one after the other, of which the oldest is removed when there is no room. A Writer, of
// which a directory has one, appends batches of documents. A Store searches the segments of a directory, in the same process or in another one.
package recent

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Bounds of a query.
const (
	// DefaultLimit is how many flows a search returns when Query.Limit is 0.
	DefaultLimit = 50
	// MaxRows is the most that Query.Offset and Query.Limit may be together.
	MaxRows = 10_000
	// DefaultBudget is how long a search takes at most when Query.Budget is 0.
	DefaultBudget = 5 * time.Second
)

// Order says which flows are returned first.
type Order uint8

// The orders. Equals are in the order of time, the newest first, and those of the same time in that of arrival, the last first.
const (
	Newest  Order = iota // by Flow.Time
	Octets               // the most octets first
	Packets              // the most packets first
)

var orders = []string{"newest", "bytes", "packets"}

// String is the name that ParseOrder reads.
func (o Order) String() string { return orders[o] }

// ParseOrder reads newest, bytes or packets.
func ParseOrder(text string) (Order, error) {
	if i := slices.Index(orders, text); i >= 0 {
		return Order(i), nil
	}
	return 0, fmt.Errorf("%q is not an order; choose one of %s", text, strings.Join(orders, ", "))
}

// Query says which flows are wanted. The zero value wants all; every field that is set narrows it.
type Query struct {
	From, To time.Time // of Flow.Time, to the millisecond: From and later, before To

	Either, Source, Destination netip.Prefix // of addresses; Either is that of any of the two sides
	Port                        uint16       // of any side
	Protocol                    uint8        // IANA's number
	Exporter                    netip.Addr   // what the packet came from
	AS                          uint32       // of any side
	Country                     string       // of any side: ISO 3166-1 alpha-2, in any case
	Application                 string       // as the documents name it, in any case

	Order  Order
	Limit  int // of flows returned; 0 is DefaultLimit
	Offset int // flows left out at the beginning
	// Budget is how long the search may take before it ends with what it has; 0 is DefaultBudget.
	Budget time.Duration
}

// Flow is one flow. What its document does not say is zero, or empty.
type Flow struct {
	Time        time.Time // @timestamp
	Exporter    netip.Addr
	Source      Side
	Destination Side
	Protocol    uint8  // IANA's number; 0 where it is not known or has no keyword
	Transport   string // IANA's keyword in lower case
	Octets      uint64
	Packets     uint64
	Application string
	Input       Interface
	Output      Interface
	Direction   string // network.direction, or else flow.direction
	// Document is the whole document, one JSON object.
	Document json.RawMessage
}

// Side is one side of a flow.
type Side struct {
	Address netip.Addr
	Port    uint16
	Domain  string // the name of the address
	AS      uint32
	ASName  string
	Country string // ISO 3166-1 alpha-2
}

// Interface is one of the exporter's.
type Interface struct {
	ID, Name string
}

// Sums are those of all flows that a query finds, not of the returned ones alone.
type Sums struct {
	Flows, Octets, Packets uint64
}

// Result is what a search found.
type Result struct {
	Flows []Flow
	More  bool // there are flows beyond those returned
	Sums  Sums
	// Partial says that the time was over, or that part of the store could not be read (Unreadable) or was removed meanwhile: More and Sums are of what was looked at.
	Partial bool
	// Unreadable is how many segments could not be read, and Problem what was wrong with the first of them.
	Unreadable int
	Problem    error
	// Searched and Segments are how many segments were looked at, the newest first, and how many there are.
	Searched, Segments int
	// Oldest and Newest are the times of flows that the store covers, whatever the query; zero when it is empty.
	Oldest, Newest time.Time
}

// check completes a query, or says what is wrong with it.
func (q *Query) check() error {
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Budget == 0 {
		q.Budget = DefaultBudget
	}
	switch {
	case q.Limit < 0 || q.Offset < 0 || q.Limit > MaxRows-q.Offset:
		return fmt.Errorf("limit %d and offset %d are not within %d together", q.Limit, q.Offset, MaxRows)
	case int(q.Order) >= len(orders):
		return fmt.Errorf("unknown order %d", q.Order)
	case !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To):
		return fmt.Errorf("from %s is not before to %s", q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	case q.Budget < 0:
		return fmt.Errorf("time budget %s is negative", q.Budget)
	}
	q.Country, q.Application = strings.ToUpper(q.Country), strings.ToLower(q.Application)
	return nil
}
