package exporter

import (
	"net/netip"
	"slices"
	"time"
)

// Networks is a set of addresses, as ranges in ascending order that do not overlap.
type Networks []addressRange

type addressRange struct{ first, last netip.Addr }

// NewNetworks returns the addresses of all prefixes. IPv4 in IPv6 clothes is IPv4.
func NewNetworks(prefixes []netip.Prefix) Networks {
	list := make(Networks, 0, len(prefixes))
	for _, p := range prefixes {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		if p.IsValid() {
			list = append(list, addressRange{p.Masked().Addr(), lastOf(p)})
		}
	}
	slices.SortFunc(list, func(a, b addressRange) int { return a.first.Compare(b.first) })
	joined := list[:0]
	for _, r := range list {
		if n := len(joined); n > 0 && r.first.Compare(joined[n-1].last) <= 0 {
			if r.last.Compare(joined[n-1].last) > 0 {
				joined[n-1].last = r.last
			}
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b) // 4 or 16 octets, as they came
	return last
}

// has tells whether an address is in the set.
func (n Networks) has(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	// The range that a is in, if any, is the last one that begins at it or before.
	i, found := slices.BinarySearchFunc(n, a, func(r addressRange, a netip.Addr) int { return r.first.Compare(a) })
	return found || i > 0 && a.Compare(n[i-1].last) <= 0
}

// Allow tells whether an address may send: when it is in the set, or when the set is empty. It may be called from any goroutine.
func (n Networks) Allow(address netip.Addr) bool { return len(n) == 0 || n.has(address) }

// Allowed tells whether an address may send.
func (t *Table) Allowed(address netip.Addr) bool { return t.allow.Allow(address) }

// Admit tells whether a packet of an address is to be decoded, and counts it with its cause when it is not: who sends must be allowed
// to, and may not send more packets than the limit. A new address gets its first packet through; it is limited from the moment that it has a source.
func (t *Table) Admit(address netip.Addr, now time.Time) bool {
	if !t.Allowed(address) {
		t.Refused(NotAllowed)
		return false
	}
	if t.limits.PacketsPerSecond <= 0 {
		return true
	}
	h := t.hosts[address]
	if h == nil || h.take(now.UnixNano(), int64(time.Second)/int64(t.limits.PacketsPerSecond)) {
		return true
	}
	t.Refused(RateLimited) // first, so that a snapshot never has more by address than in all
	h.limited.Add(1)
	return false
}

// take takes one packet out of a bucket that holds those of one second and gains one in each interval.
func (h *host) take(now, interval int64) bool {
	const burst = int64(time.Second)
	due := max(h.due, now)
	if due > now+burst {
		due = now // the clock was set back
	}
	if due+interval > now+burst {
		return false
	}
	h.due = due + interval
	return true
}
