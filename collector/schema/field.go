// Package schema is the one table of document fields. The JSON encoder, the index template and the field reference are made from
// it, so they cannot disagree. Names are those of the Elastic Common Schema 1.12 where it has one, flow.* where it has none.
package schema

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

// Version is the version of the table. It changes whenever a field is added, renamed or mapped in another way.
const Version = 2

// ECSVersion is the version of the Elastic Common Schema whose names are used.
const ECSVersion = "1.12.0"

// Field is one field of the document.
type Field struct {
	Name        string // dotted path
	Type        string // Elasticsearch field type
	Index       bool   // searchable; a field that is not can still be summed and shown
	Description string

	// put appends the JSON value, or reports that the record has none. Nil: the value is part of an enrichment fragment.
	put func(dst []byte, r *flow.Record) ([]byte, bool)
}

// Fields is the table, in the order of the document. Fields of one object stand together.
var Fields = []Field{
	{"@timestamp", "date", true, "When the flow ended; when it was received if the exporter does not say.", timestamp},
	{"ecs.version", "keyword", true, "Version of the Elastic Common Schema.", constant(ECSVersion)},
	{"event.start", "date", false, "When the flow began.", start},
	{"event.duration", "long", false, "Nanoseconds between first and last packet.", duration},
	{"observer.ip", "ip", true, "Address of the exporter.", address(func(r *flow.Record) *addr { return &r.Exporter })},
	{"observer.ingress.interface.id", "keyword", true, "ifIndex of the interface the packets came in by.", quotedNumber(flow.HasInput, func(r *flow.Record) uint64 { return uint64(r.Input) })},
	{"observer.egress.interface.id", "keyword", true, "ifIndex of the interface the packets went out by.", quotedNumber(flow.HasOutput, func(r *flow.Record) uint64 { return uint64(r.Output) })},
	{"network.type", "keyword", true, "ipv4 or ipv6.", networkType},
	{"network.transport", "keyword", true, "Transport protocol by its IANA keyword in lower case, such as tcp; absent for numbers without one.", transport},
	{"network.iana_number", "keyword", true, "IANA protocol number.", quotedNumber(flow.HasProtocol, func(r *flow.Record) uint64 { return uint64(r.Protocol) })},
	{"network.bytes", "long", false, "Octets of the flow's IP packets.", number(flow.HasBytes, func(r *flow.Record) uint64 { return r.Bytes })},
	{"network.packets", "long", false, "Packets of the flow.", number(flow.HasPackets, func(r *flow.Record) uint64 { return r.Packets })},
	{"network.direction", "keyword", true, "ingress or egress, as seen at the exporter's interface.", direction},
	{"network.vlan.id", "keyword", true, "VLAN id of the packets.", vlan},
	{"source.ip", "ip", true, "Address the packets came from.", address(func(r *flow.Record) *addr { return &r.Source.Addr })},
	{"source.port", "long", true, "Transport port the packets came from.", port(func(r *flow.Record) uint16 { return r.Source.Port })},
	{"source.mac", "keyword", true, "Hardware address the packets came from, RFC 7042 notation.", hardware(flow.HasSourceMAC, func(r *flow.Record) *[6]byte { return &r.Source.MAC })},
	{"source.as.number", "long", true, "Autonomous system of the source, by database or else as exported.", nil},
	{"source.as.organization.name", "keyword", true, "Who runs the autonomous system of the source.", nil},
	{"source.geo.continent_name", "keyword", true, "Continent of the source.", nil},
	{"source.geo.country_iso_code", "keyword", true, "Country of the source, ISO 3166-1 alpha-2.", nil},
	{"source.geo.country_name", "keyword", true, "Country of the source.", nil},
	{"source.geo.region_name", "keyword", true, "Region of the source.", nil},
	{"source.geo.city_name", "keyword", true, "City of the source.", nil},
	{"source.geo.location", "geo_point", true, "Place of the source, longitude and latitude.", nil},
	{"destination.ip", "ip", true, "Address the packets went to.", address(func(r *flow.Record) *addr { return &r.Destination.Addr })},
	{"destination.port", "long", true, "Transport port the packets went to.", port(func(r *flow.Record) uint16 { return r.Destination.Port })},
	{"destination.mac", "keyword", true, "Hardware address the packets went to, RFC 7042 notation.", hardware(flow.HasDestinationMAC, func(r *flow.Record) *[6]byte { return &r.Destination.MAC })},
	{"destination.as.number", "long", true, "Autonomous system of the destination, by database or else as exported.", nil},
	{"destination.as.organization.name", "keyword", true, "Who runs the autonomous system of the destination.", nil},
	{"destination.geo.continent_name", "keyword", true, "Continent of the destination.", nil},
	{"destination.geo.country_iso_code", "keyword", true, "Country of the destination, ISO 3166-1 alpha-2.", nil},
	{"destination.geo.country_name", "keyword", true, "Country of the destination.", nil},
	{"destination.geo.region_name", "keyword", true, "Region of the destination.", nil},
	{"destination.geo.city_name", "keyword", true, "City of the destination.", nil},
	{"destination.geo.location", "geo_point", true, "Place of the destination, longitude and latitude.", nil},
	{"flow.format", "keyword", true, "Wire format: netflow5 or netflow9.", format},
	{"flow.domain", "long", true, "Exporting process: source id of NetFlow v9, engine type × 256 + engine id of v5.", number(0, func(r *flow.Record) uint64 { return uint64(r.Domain) })},
	{"flow.tcp_flags", "keyword", true, "TCP flags seen in any packet of the flow: FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, NS.", tcpFlags},
	{"flow.tos", "short", true, "Type of service octet of IPv4, traffic class of IPv6.", number(flow.HasTOS, func(r *flow.Record) uint64 { return uint64(r.TOS) })},
	{"flow.icmp_type", "short", true, "ICMP or ICMPv6 type.", icmp(func(r *flow.Record) uint8 { return r.ICMPType })},
	{"flow.icmp_code", "short", true, "ICMP or ICMPv6 code.", icmp(func(r *flow.Record) uint8 { return r.ICMPCode })},
	{"flow.next_hop", "ip", true, "Address of the next router.", nextHop},
	{"flow.source_prefix_length", "short", false, "Bits of the route that covers the source.", prefix(func(r *flow.Record) uint8 { return r.Source.PrefixLength })},
	{"flow.destination_prefix_length", "short", false, "Bits of the route that covers the destination.", prefix(func(r *flow.Record) uint8 { return r.Destination.PrefixLength })},
	{"flow.extra", "flattened", true, "Whatever else the exporter said, by the name of the [information element](elements.md), or by its number as enterprise/id and in hexadecimal when nobody registered it.", extra},
}
