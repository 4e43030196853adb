package recent

import (
	"net/netip"
	"slices"
	"strings"
)

// condition is what a row has to be. All values are parameters.
type condition struct {
	parts []string
	args  []any
}

func (c *condition) add(part string, args ...any) {
	// Clipped: a condition is the beginning of several others.
	c.parts = append(slices.Clip(c.parts), part)
	c.args = append(slices.Clip(c.args), args...)
}

func (c *condition) join() string {
	if len(c.parts) == 0 {
		return "TRUE"
	}
	return strings.Join(c.parts, " AND ")
}

func (c *condition) text() string { return " WHERE " + c.join() }

// where is the condition for flows.
func (q *Query) where() condition {
	var c condition
	if !q.From.IsZero() {
		c.add("time >= ?", q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		c.add("time < ?", q.To.UnixMilli())
	}
	any2 := func(column string, args ...any) { // of any of the two sides
		c.add("(source_"+column+" OR destination_"+column+")", append(args, args...)...)
	}
	if q.Either.IsValid() {
		low, high := bounds(q.Either)
		c.add("(source BETWEEN ? AND ? OR destination BETWEEN ? AND ?)", low, high, low, high)
	}
	if q.Source.IsValid() {
		low, high := bounds(q.Source)
		c.add("source BETWEEN ? AND ?", low, high)
	}
	if q.Destination.IsValid() {
		low, high := bounds(q.Destination)
		c.add("destination BETWEEN ? AND ?", low, high)
	}
	if q.Port != 0 {
		any2("port = ?", int64(q.Port))
	}
	if q.Protocol != 0 {
		c.add("protocol = ?", int64(q.Protocol))
	}
	if q.Exporter.IsValid() {
		exporter := q.Exporter.Unmap().WithZone("")
		low, _ := bounds(netip.PrefixFrom(exporter, exporter.BitLen()))
		c.add("exporter = ?", low)
	}
	if q.AS != 0 {
		any2("as = ?", int64(q.AS))
	}
	if q.Country != "" {
		any2("country = ?", q.Country)
	}
	if q.Application != "" {
		c.add("application = ?", q.Application)
	}
	return c
}

// bounds are the first and the last address of a network, as columns have them. IPv4 within IPv6 is IPv4.
func bounds(p netip.Prefix) (low, high any) {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	p = p.Masked()
	if a := p.Addr(); a.Is4() {
		first := number4(a)
		return first, first + 1<<(32-p.Bits()) - 1
	}
	first := p.Addr().As16()
	last := first
	for bit := p.Bits(); bit < 128; bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	return first[:], last[:]
}

// onlyTime says that nothing but the time is asked for.
func (q *Query) onlyTime() bool {
	w := q.where()
	q2 := Query{From: q.From, To: q.To}
	t := q2.where()
	return len(w.parts) == len(t.parts)
}

// blocks is the condition for blocks that may have flows of the wanted time.
func (q *Query) blocks() condition {
	var c condition
	if !q.From.IsZero() {
		c.add("newest >= ?", q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		c.add("oldest < ?", q.To.UnixMilli())
	}
	return c
}

// wholeBlocks is the condition for blocks that have flows of the wanted time only.
func (q *Query) wholeBlocks() condition {
	var c condition
	if !q.From.IsZero() {
		c.add("oldest >= ?", q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		c.add("newest < ?", q.To.UnixMilli())
	}
	return c
}

// overlaps says whether flows between two times may be wanted, and within whether all are, as far as the time goes.
func (q *Query) overlaps(oldest, newest int64) bool {
	return (q.From.IsZero() || newest >= q.From.UnixMilli()) && (q.To.IsZero() || oldest < q.To.UnixMilli())
}

func (q *Query) within(oldest, newest int64) bool {
	return (q.From.IsZero() || oldest >= q.From.UnixMilli()) && (q.To.IsZero() || newest < q.To.UnixMilli())
}
