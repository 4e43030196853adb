package exporter

import (
	"net/netip"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Moment is one of the moments of a flow.
type Moment uint8

// The moments that a document can be filed under.
const (
	End Moment = iota
	Start
	Export
	Receive
)

// Policy is what the operator decided about what exporters say.
type Policy struct {
	Dialect   flow.Dialect // how fields are read
	Timestamp Moment       // what the documents are filed under; the next that is known: end, start, export, receive
	// MaxSkew is how far the clock of an exporter may be off before the times it says are moved by the difference; 0 is never.
	MaxSkew time.Duration
	// Rates are sampling intervals by network. The longest that has the exporter counts.
	Rates []Rate
}

// Rate is a configured sampling interval.
type Rate struct {
	Network  netip.Prefix
	Interval uint32 // one of so many packets
	Override bool   // also where the exporter says another
}

// Apply sets the policy, before anything is restored or decoded. Change does it later.
func (t *Table) Apply(p Policy) { t.policy = p }

// Policy returns the policy in force.
func (t *Table) Policy() *Policy { return &t.policy }

// rate returns the configured rate of an exporter, zero when there is none: of those that override what it says, or else of the others, the
// one with the longest network.
func (p *Policy) rate(address netip.Addr) Rate {
	var best Rate
	for _, r := range p.Rates {
		if !r.Network.Contains(address.WithZone("")) {
			continue
		}
		if best.Interval == 0 || r.Override && !best.Override || r.Override == best.Override && r.Network.Bits() > best.Network.Bits() {
			best = r
		}
	}
	return best
}
