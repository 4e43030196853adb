package schema

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

// fragment is what puts the members of an object that enrichment made ready; nil for objects without any, and where none of them is
// selected.
func (e *Encoder) fragment(object string) put {
	switch object {
	case "source":
		return e.endpoint(object, flow.HasSourceAS, func(r *flow.Record) *flow.Endpoint { return &r.Source },
			func(v *flow.Views) []byte { return v.Source })
	case "destination":
		return e.endpoint(object, flow.HasDestinationAS, func(r *flow.Record) *flow.Endpoint { return &r.Destination },
			func(v *flow.Views) []byte { return v.Destination })
	case "client":
		return e.named(object, false, func(v *flow.Views) []byte { return v.Client })
	case "server":
		return e.named(object, true, func(v *flow.Views) []byte { return v.Server })
	case "flow.source_network":
		return func(dst []byte, r *flow.Record) []byte {
			return appendNetwork(dst, r.Source.Known, func(v *flow.Views) []byte { return v.SourceNetwork })
		}
	case "flow.destination_network":
		return func(dst []byte, r *flow.Record) []byte {
			return appendNetwork(dst, r.Destination.Known, func(v *flow.Views) []byte { return v.DestinationNetwork })
		}
	}
	return nil
}

// endpoint puts what is known about an endpoint. The number of its AS from the exporter counts only where the database has none:
// exporters with a default route send 0 or their own.
func (e *Encoder) endpoint(object string, hasAS flow.Fields, get func(*flow.Record) *flow.Endpoint, view func(*flow.Views) []byte) put {
	ip, number, organization := e.on[object+".ip"], e.on[object+".as.number"], e.on[object+".as.organization.name"]
	return func(dst []byte, r *flow.Record) []byte {
		p := get(r)
		before := len(dst)
		switch known := p.Known; {
		case known == nil:
			if ip && p.Addr.IsValid() {
				dst = appendAddr(append(dst, `"ip":`...), p.Addr)
			}
		case known.Views != nil:
			dst = append(dst, view(known.Views)...)
		default:
			dst = append(dst, known.Members()...)
		}
		if r.Has&hasAS == 0 || p.AS == 0 || p.Known != nil && p.Known.AS != 0 {
			return dst
		}
		named := organization && len(p.ASName) > 0
		if !number && !named {
			return dst
		}
		if len(dst) > before {
			dst = append(dst, ',')
		}
		dst = append(dst, `"as":{`...)
		if number {
			dst = appendUint(append(dst, `"number":`...), uint64(p.AS))
		}
		if named {
			if number {
				dst = append(dst, ',')
			}
			dst = append(append(append(dst, `"organization":{"name":`...), p.ASName...), '}')
		}
		return append(dst, '}')
	}
}

// named puts address and name of a client or a server.
func (e *Encoder) named(object string, server bool, view func(*flow.Views) []byte) put {
	ip := e.on[object+".ip"]
	return func(dst []byte, r *flow.Record) []byte {
		if r.Client == flow.SideUnknown {
			return dst
		}
		p := endpointOf(r, server)
		switch known := p.Known; {
		case known == nil:
			if ip && p.Addr.IsValid() {
				dst = appendAddr(append(dst, `"ip":`...), p.Addr)
			}
		case known.Views != nil:
			dst = append(dst, view(known.Views)...)
		default:
			dst = append(dst, known.Name()...)
		}
		return dst
	}
}

func appendNetwork(dst []byte, known *flow.Address, view func(*flow.Views) []byte) []byte {
	switch {
	case known == nil:
		return dst
	case known.Views != nil:
		return append(dst, view(known.Views)...)
	}
	return append(dst, known.Network()...)
}
