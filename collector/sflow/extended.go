package sflow

import (
	"net/netip"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// vlan reads "extended_switch": the VLAN that the frame came in by, or else that it goes out by. A tag in the frame has precedence.
func (in *reader) vlan(r *flow.Record) {
	input := in.uint32()
	in.uint32() // priority
	output := in.uint32()
	in.uint32()
	if in.short || r.Has&flow.HasVLAN != 0 {
		return
	}
	const most = 4094 // 0xffffffff: not known
	for _, v := range [...]uint32{input, output} {
		if v > 0 && v <= most {
			r.VLAN = uint16(v)
			r.Has |= flow.HasVLAN
			return
		}
	}
}

// router reads "extended_router".
func (in *reader) router(r *flow.Record) {
	hop := in.address()
	source, destination := in.uint32(), in.uint32()
	if in.short {
		return
	}
	if r.Has&flow.HasNextHop == 0 || !hop.IsUnspecified() {
		nextHop(r, hop)
	}
	const most = 128
	if source <= most && destination <= most {
		r.Source.PrefixLength, r.Destination.PrefixLength = uint8(source), uint8(destination)
	}
}

// border sets the next hop by BGP or MPLS: the router that forwards is meant, and said by "extended_router". This one stands in for it.
func border(r *flow.Record, hop netip.Addr) {
	if r.Has&flow.HasNextHop == 0 || r.NextHop.IsUnspecified() {
		nextHop(r, hop)
	}
}

func nextHop(r *flow.Record, hop netip.Addr) {
	if hop.IsValid() {
		r.NextHop = hop
		r.Has |= flow.HasNextHop
	}
}

// gateway reads "extended_gateway": what BGP says of source and destination. Communities and local preference, at its end, are not kept.
func (in *reader) gateway(r *flow.Record, a *flow.Arena) {
	hop := in.address()
	in.uint32() // AS of the router itself
	source, sourcePeer := in.uint32(), in.uint32()
	first, last, path := in.path()
	if in.short {
		return
	}
	border(r, hop)
	r.Source.AS = source
	r.Has |= flow.HasSourceAS
	d := r.Detail(a)
	d.PreviousAS = sourcePeer
	d.Has |= flow.HasPreviousAS
	if path {
		r.Destination.AS = last
		r.Has |= flow.HasDestinationAS
		d.NextAS = first
		d.Has |= flow.HasNextAS
	}
}

// path reads an AS path: the neighbour it begins with, and the destination it ends with. Ok is false when it is empty.
func (in *reader) path() (first, last uint32, ok bool) {
	for segments := in.uint32(); segments > 0 && !in.short; segments-- {
		in.uint32() // a sequence, or a set
		for n := in.uint32(); n > 0 && !in.short; n-- {
			last = in.uint32()
			if !ok {
				first, ok = last, true
			}
		}
	}
	return first, last, ok
}

// user reads "extended_user": who sends, or else who receives.
func (in *reader) user(r *flow.Record, a *flow.Arena) {
	in.uint32() // character set
	source := in.opaque()
	in.uint32()
	destination := in.opaque()
	if in.short {
		return
	}
	for _, name := range [...][]byte{source, destination} {
		if len(name) > 0 {
			r.Detail(a).User = name
			return
		}
	}
}

// labels reads "extended_mpls": the stack that the packet came with, or else that it leaves with. Labels in the packet have precedence.
func (in *reader) labels(r *flow.Record, a *flow.Arena) {
	hop := in.address()
	input, output := in.stack(), in.stack()
	if in.short {
		return
	}
	border(r, hop)
	if input.left() == 0 {
		input = output
	}
	if input.left() == 0 {
		return
	}
	d := r.Detail(a)
	if d.LabelCount != 0 {
		return
	}
	for input.left() > 0 {
		d.AddLabel(input.uint32())
	}
}

// stack reads the number of entries of a label stack and returns a reader of them.
func (in *reader) stack() (entries reader) {
	n := in.uint32()
	if uint64(n)*4 > uint64(in.left()) {
		in.cut()
		return entries
	}
	entries = reader{packet: in.packet, at: in.at, end: in.at + int(n)*4}
	in.at = entries.end
	return entries
}

// nat reads "extended_nat": the addresses after translation.
func (in *reader) nat(r *flow.Record, a *flow.Arena) {
	source, destination := in.address(), in.address()
	if in.short {
		return
	}
	d := r.Detail(a)
	d.SourceNAT, d.DestinationNAT = source, destination
}

// ssid reads the beginning of "extended_80211_rx" or "extended_80211_tx" (sflow_80211.txt).
func (in *reader) ssid(r *flow.Record, a *flow.Arena) {
	name := in.opaque()
	if in.short {
		return
	}
	r.Detail(a).SSID = name
}

// natPorts reads "extended_nat_port" (sflow_pnat.txt): the ports after translation.
func (in *reader) natPorts(r *flow.Record, a *flow.Arena) {
	source, destination := in.uint32(), in.uint32()
	if in.short {
		return
	}
	d := r.Detail(a)
	d.SourceNATPort, d.DestinationNATPort = uint16(source), uint16(destination)
	d.Has |= flow.HasSourceNATPort | flow.HasDestinationNATPort
}

// vni reads "extended_vni_egress" or "extended_vni_ingress" (sflow_tunnels.txt).
func (in *reader) vni(r *flow.Record, a *flow.Arena) {
	vni := in.uint32()
	if in.short {
		return
	}
	d := r.Detail(a)
	d.VNI = vni
	d.Has |= flow.HasVNI
}
