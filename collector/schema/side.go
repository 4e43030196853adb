package schema

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

// side is one of the two objects of a flow's endpoints.
type side struct {
	name          string
	went, counted string // in descriptions

	hasMAC, hasBytes, hasPackets flow.Fields

	port, mac, bytes, packets put
	natIP, natPort            func(dst []byte, d *flow.Details, r *flow.Record) []byte
}

var source = side{
	name: "source", went: "came from", hasMAC: flow.HasSourceMAC, hasBytes: flow.HasBytes, hasPackets: flow.HasPackets,
	port:    func(dst []byte, r *flow.Record) []byte { return appendUint(dst, uint64(r.Source.Port)) },
	mac:     func(dst []byte, r *flow.Record) []byte { return appendMAC(dst, r.Source.MAC[:]) },
	bytes:   sourceBytes,
	packets: sourcePackets,
	natIP:   func(dst []byte, d *flow.Details, _ *flow.Record) []byte { return appendAddr(dst, d.SourceNAT) },
	natPort: func(dst []byte, d *flow.Details, _ *flow.Record) []byte {
		if d.Has&flow.HasSourceNATPort == 0 {
			return dst
		}
		return appendUint(dst, uint64(d.SourceNATPort))
	},
}

var destination = side{
	name: "destination", went: "went to", counted: ", where the exporter counts both directions",
	hasMAC: flow.HasDestinationMAC, hasBytes: hasDetails, hasPackets: hasDetails,
	port:    func(dst []byte, r *flow.Record) []byte { return appendUint(dst, uint64(r.Destination.Port)) },
	mac:     func(dst []byte, r *flow.Record) []byte { return appendMAC(dst, r.Destination.MAC[:]) },
	bytes:   destinationBytes,
	packets: destinationPackets,
	natIP:   func(dst []byte, d *flow.Details, _ *flow.Record) []byte { return appendAddr(dst, d.DestinationNAT) },
	natPort: func(dst []byte, d *flow.Details, _ *flow.Record) []byte {
		if d.Has&flow.HasDestinationNATPort == 0 {
			return dst
		}
		return appendUint(dst, uint64(d.DestinationNATPort))
	},
}

// role is one of the two objects of a conversation. Server tells them apart where the code is one.
type role struct {
	name, did string
	portTier  Tier // the port of a client says little

	port, bytes, packets put
}

var client = role{
	name: "client", did: "began the conversation", portTier: all,
	port:    func(dst []byte, r *flow.Record) []byte { return appendUint(dst, uint64(endpointOf(r, false).Port)) },
	bytes:   func(dst []byte, r *flow.Record) []byte { return roleBytes(dst, r, false) },
	packets: func(dst []byte, r *flow.Record) []byte { return rolePackets(dst, r, false) },
}

var server = role{
	name: "server", did: "did not begin the conversation", portTier: full,
	port:    func(dst []byte, r *flow.Record) []byte { return appendUint(dst, uint64(endpointOf(r, true).Port)) },
	bytes:   func(dst []byte, r *flow.Record) []byte { return roleBytes(dst, r, true) },
	packets: func(dst []byte, r *flow.Record) []byte { return rolePackets(dst, r, true) },
}

// isSource tells whether a role is that of the source, of a record whose client is known.
func isSource(r *flow.Record, server bool) bool { return (r.Client == flow.SideSource) != server }

func endpointOf(r *flow.Record, server bool) *flow.Endpoint {
	if isSource(r, server) {
		return &r.Source
	}
	return &r.Destination
}

func roleBytes(dst []byte, r *flow.Record, server bool) []byte {
	switch {
	case !isSource(r, server):
		return destinationBytes(dst, r)
	case r.Has&flow.HasBytes != 0:
		return sourceBytes(dst, r)
	}
	return dst
}

func rolePackets(dst []byte, r *flow.Record, server bool) []byte {
	switch {
	case !isSource(r, server):
		return destinationPackets(dst, r)
	case r.Has&flow.HasPackets != 0:
		return sourcePackets(dst, r)
	}
	return dst
}

// Both sides of a flow are in one's own networks or not: 2 for the source, 1 for the destination.
var (
	perimeters = [...]string{`"external"`, `"inbound"`, `"outbound"`, `"internal"`}
	localities = [...]string{`"external"`, `"external"`, `"external"`, `"internal"`}
)

func perimeter(dst []byte, r *flow.Record) []byte { return append(dst, perimeters[insides(r)]...) }

func locality(dst []byte, r *flow.Record) []byte { return append(dst, localities[insides(r)]...) }

func insides(r *flow.Record) (set int) {
	if r.Source.Known.Internal {
		set = 2
	}
	if r.Destination.Known.Internal {
		set++
	}
	return set
}
