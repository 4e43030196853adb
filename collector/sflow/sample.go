package sflow

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

// Values of IANA flowDirection (61) and forwardingStatus (89).
const (
	ingress = 0
	egress  = 1
	dropped = 2 << 6
)

// flow decodes a sample of a packet ("flow_sample", "flow_sample_expanded") to one record.
func (g *datagram) flow(dst []flow.Record, in *reader, e encoding) []flow.Record {
	in.uint32() // sequence number of the sample
	source := in.dataSource(e)
	rate := in.uint32()
	in.uint32() // packets that could have been sampled
	in.uint32() // samples that the device dropped
	input, output := in.port(e), in.port(e)
	records := in.uint32()
	if in.short {
		return dst
	}
	dst = append(dst, g.common)
	r := &dst[len(dst)-1]
	r.Sampling = flow.Sampling{Interval: rate, Source: flow.SamplingSFlow}
	if r.Input = input.index(); r.Input != 0 {
		r.Has |= flow.HasInput
	}
	if r.Output = output.index(); r.Output != 0 {
		r.Has |= flow.HasOutput
	}
	switch source {
	case 0:
	case r.Input:
		r.Direction = ingress
		r.Has |= flow.HasDirection
	case r.Output:
		r.Direction = egress
		r.Has |= flow.HasDirection
	}
	if input.format == portDropped || output.format == portDropped {
		d := r.Detail(g.arena)
		d.ForwardingStatus = dropped
		d.Has |= flow.HasForwardingStatus
	}
	if g.agent.IsValid() {
		r.Detail(g.arena).Agent = g.agent
	}
	g.packet(r, in, records)
	return dst
}

// Formats of counter records ("counter_data").
const (
	interfaceCounters = 1
	portName          = 1005
)

// counters decodes a sample of counters ("counters_sample", "counters_sample_expanded"): what it says about interfaces.
func (g *datagram) counters(in *reader, e encoding) {
	in.uint32() // sequence number of the sample
	source := in.dataSource(e)
	records := in.uint32()
	for i := range records {
		at := in.at
		format, body, ok := g.block(in, "counter record", i, records)
		if !ok {
			break
		}
		switch format {
		case interfaceCounters:
			if c := body.interfaceCounters(); !body.short && g.own() {
				g.source.CountInterface(c)
			}
		case portName:
			if name := body.opaque(); !body.short && source != 0 && g.own() {
				g.source.NameInterface(source, name, nil)
			}
		}
		if body.short {
			g.fail(at, "counter record of format %d is cut", format)
			continue
		}
		g.counts++
	}
}

// own tells whether the sender speaks for itself. The interfaces of the agents behind a relay would be taken for each other's.
func (g *datagram) own() bool { return !g.agent.IsValid() }

// interfaceCounters reads "if_counters".
func (in *reader) interfaceCounters() (c flow.InterfaceCounters) {
	c.Index, c.Type, c.Speed, c.Direction = in.uint32(), in.uint32(), in.uint64(), in.uint32()
	status := in.uint32()
	c.AdminUp, c.OperUp = status&1 != 0, status&2 != 0
	c.InOctets = in.uint64()
	c.InUnicast, c.InMulticast, c.InBroadcast = in.uint32(), in.uint32(), in.uint32()
	c.InDiscards, c.InErrors, c.InUnknownProtocols = in.uint32(), in.uint32(), in.uint32()
	c.OutOctets = in.uint64()
	c.OutUnicast, c.OutMulticast, c.OutBroadcast = in.uint32(), in.uint32(), in.uint32()
	c.OutDiscards, c.OutErrors = in.uint32(), in.uint32()
	c.Promiscuous = in.uint32() == 1
	return c
}
