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

	// put appends the JSON value. Nil: the value is part of an enrichment fragment.
	put putter
}

// Fields is the table, in the order of the document. Fields of one object stand together.
var Fields = []Field{
	{"@timestamp", "date", true, "When the flow ended, or the moment that decode.timestamp_source chooses; where the exporter does not say it the next of end, start, export, receive.", putFn(timestamp)},
	{"ecs.version", "keyword", true, "Version of the Elastic Common Schema.", constant(ECSVersion)},
	{"event.start", "date", false, "When the flow began.", putFn(start)},
	{"event.duration", "long", false, "Nanoseconds between first and last packet.", putFn(duration)},
	{"event.action", "keyword", true, "What a firewall or a translator did to the flow: firewallEvent, natEvent of IANA, such as flow-denied, nat44-session-create.", detailFn(eventAction)},
	{"observer.ip", "ip", true, "Address of the exporter.", address(func(r *flow.Record) *addr { return &r.Exporter })},
	{"observer.ingress.interface.id", "keyword", true, "ifIndex of the interface the packets came in by.", quotedNumber(flow.HasInput, func(r *flow.Record) uint64 { return uint64(r.Input) })},
	{"observer.ingress.interface.name", "keyword", true, "Name of that interface, as the exporter told.", text(func(d *flow.Details) []byte { return d.InputName })},
	{"observer.ingress.interface.alias", "keyword", true, "Description of that interface, as the exporter told.", text(func(d *flow.Details) []byte { return d.InputDescription })},
	{"observer.egress.interface.id", "keyword", true, "ifIndex of the interface the packets went out by.", quotedNumber(flow.HasOutput, func(r *flow.Record) uint64 { return uint64(r.Output) })},
	{"observer.egress.interface.name", "keyword", true, "Name of that interface, as the exporter told.", text(func(d *flow.Details) []byte { return d.OutputName })},
	{"observer.egress.interface.alias", "keyword", true, "Description of that interface, as the exporter told.", text(func(d *flow.Details) []byte { return d.OutputDescription })},
	{"network.type", "keyword", true, "ipv4 or ipv6.", putFn(networkType)},
	{"network.transport", "keyword", true, "Transport protocol by its IANA keyword in lower case, such as tcp; absent for numbers without one.", putFn(transport)},
	{"network.iana_number", "keyword", true, "IANA protocol number.", quotedNumber(flow.HasProtocol, func(r *flow.Record) uint64 { return uint64(r.Protocol) })},
	{"network.bytes", "long", false, "Octets of the flow's IP packets, in both directions where the exporter counts both, estimated from the sample where it samples.", number(flow.HasBytes, totalBytes)},
	{"network.packets", "long", false, "Packets of the flow, likewise.", number(flow.HasPackets, totalPackets)},
	{"network.application", "keyword", true, "Application that the exporter recognised.", text(func(d *flow.Details) []byte { return d.ApplicationName })},
	{"network.direction", "keyword", true, "ingress or egress, as seen at the exporter's interface.", putFn(direction)},
	{"network.vlan.id", "keyword", true, "VLAN id of the packets.", putFn(vlan)},
	{"network.inner.vlan.id", "keyword", true, "Inner, customer VLAN id of packets with two tags.", detailFn(innerVLAN)},
	{"source.ip", "ip", true, "Address the packets came from.", address(func(r *flow.Record) *addr { return &r.Source.Addr })},
	{"source.port", "long", true, "Transport port the packets came from.", port(func(r *flow.Record) uint16 { return r.Source.Port })},
	{"source.mac", "keyword", true, "Hardware address the packets came from, RFC 7042 notation.", hardware(flow.HasSourceMAC, func(r *flow.Record) *[6]byte { return &r.Source.MAC })},
	{"source.bytes", "long", false, "Octets from source to destination, where the exporter counts both directions.", oneWay(flow.HasReverseBytes, func(r *flow.Record) uint64 { return r.Bytes })},
	{"source.packets", "long", false, "Packets from source to destination, likewise.", oneWay(flow.HasReversePackets, func(r *flow.Record) uint64 { return r.Packets })},
	{"source.nat.ip", "ip", true, "Address of the source after translation.", translated(func(d *flow.Details) *addr { return &d.SourceNAT })},
	{"source.nat.port", "long", true, "Port of the source after translation.", detail(flow.HasSourceNATPort, func(d *flow.Details) uint64 { return uint64(d.SourceNATPort) })},
	{"source.user.name", "keyword", true, "Who uses the source address, as the exporter told.", text(func(d *flow.Details) []byte { return d.User })},
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
	{"destination.bytes", "long", false, "Octets from destination to source, where the exporter counts both directions.", oneWay(flow.HasReverseBytes, func(r *flow.Record) uint64 { return r.Details.ReverseBytes })},
	{"destination.packets", "long", false, "Packets from destination to source, likewise.", oneWay(flow.HasReversePackets, func(r *flow.Record) uint64 { return r.Details.ReversePackets })},
	{"destination.nat.ip", "ip", true, "Address of the destination after translation.", translated(func(d *flow.Details) *addr { return &d.DestinationNAT })},
	{"destination.nat.port", "long", true, "Port of the destination after translation.", detail(flow.HasDestinationNATPort, func(d *flow.Details) uint64 { return uint64(d.DestinationNATPort) })},
	{"destination.as.number", "long", true, "Autonomous system of the destination, by database or else as exported.", nil},
	{"destination.as.organization.name", "keyword", true, "Who runs the autonomous system of the destination.", nil},
	{"destination.geo.continent_name", "keyword", true, "Continent of the destination.", nil},
	{"destination.geo.country_iso_code", "keyword", true, "Country of the destination, ISO 3166-1 alpha-2.", nil},
	{"destination.geo.country_name", "keyword", true, "Country of the destination.", nil},
	{"destination.geo.region_name", "keyword", true, "Region of the destination.", nil},
	{"destination.geo.city_name", "keyword", true, "City of the destination.", nil},
	{"destination.geo.location", "geo_point", true, "Place of the destination, longitude and latitude.", nil},
	{"flow.format", "keyword", true, "Wire format: netflow1, netflow5 to netflow9, ipfix or sflow5.", putFn(format)},
	{"flow.domain", "long", true, "Exporting process: observation domain of IPFIX, source id of NetFlow v9, engine type × 256 + engine id of v5 to v8, sub-agent id of sFlow.", number(0, func(r *flow.Record) uint64 { return uint64(r.Domain) })},
	{"flow.agent_ip", "ip", true, "The device that observed the flow, where the exporter speaks for another: sFlow agent, exporterIPv4Address.", putFn(agent)},
	{"flow.sequence", "long", false, "Sequence number of the packet that carried the flow.", number(0, func(r *flow.Record) uint64 { return uint64(r.Sequence) })},
	{"flow.tcp_flags", "keyword", true, "TCP flags seen in any packet of the flow: FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, NS.", putFn(tcpFlags)},
	{"flow.reverse_tcp_flags", "keyword", true, "TCP flags of the packets from destination to source, where the exporter counts both directions.", putFn(reverseTCPFlags)},
	{"flow.tos", "short", true, "Type of service octet of IPv4, traffic class of IPv6.", number(flow.HasTOS, func(r *flow.Record) uint64 { return uint64(r.TOS) })},
	{"flow.icmp_type", "short", true, "ICMP or ICMPv6 type.", icmp(func(r *flow.Record) uint8 { return r.ICMPType })},
	{"flow.icmp_code", "short", true, "ICMP or ICMPv6 code.", icmp(func(r *flow.Record) uint8 { return r.ICMPCode })},
	{"flow.next_hop", "ip", true, "Address of the next router.", putFn(nextHop)},
	{"flow.source_prefix_length", "short", false, "Bits of the route that covers the source.", prefix(func(r *flow.Record) uint8 { return r.Source.PrefixLength })},
	{"flow.destination_prefix_length", "short", false, "Bits of the route that covers the destination.", prefix(func(r *flow.Record) uint8 { return r.Destination.PrefixLength })},
	{"flow.previous_as", "long", true, "Neighbouring autonomous system that the flow came from, as exported.", detail(flow.HasPreviousAS, func(d *flow.Details) uint64 { return uint64(d.PreviousAS) })},
	{"flow.next_as", "long", true, "Neighbouring autonomous system that the flow went to, as exported.", detail(flow.HasNextAS, func(d *flow.Details) uint64 { return uint64(d.NextAS) })},
	{"flow.ingress_vrf", "keyword", true, "VRF the packets came in by: its name, or else its number.", vrf(flow.HasInputVRF, func(d *flow.Details) (uint32, []byte) { return d.InputVRF, d.InputVRFName })},
	{"flow.egress_vrf", "keyword", true, "VRF the packets went out by.", vrf(flow.HasOutputVRF, func(d *flow.Details) (uint32, []byte) { return d.OutputVRF, d.OutputVRFName })},
	{"flow.application_id", "keyword", true, "Application as classification engine and selector, such as 13:453 (RFC 6759).", detailFn(applicationID)},
	{"flow.flows", "long", false, "Flows that the exporter summed up in this one.", detail(flow.HasFlowCount, func(d *flow.Details) uint64 { return d.FlowCount })},
	{"flow.id", "keyword", true, "Identifier that the exporter gave the flow.", detailFn(flowID)},
	{"flow.end_reason", "keyword", true, "Why the exporter ended the flow: idle-timeout, active-timeout, end-of-flow, forced-end, lack-of-resources.", detailFn(endReason)},
	{"flow.forwarding_status", "keyword", true, "What became of the packets: unknown, forwarded, dropped, consumed.", detailFn(forwardingStatus)},
	{"flow.extended_event", "long", true, "Why a Cisco firewall denied or ended the flow: NF_F_FW_EXT_EVENT.", detail(flow.HasExtendedEvent, func(d *flow.Details) uint64 { return uint64(d.ExtendedEvent) })},
	{"flow.mpls_labels", "long", true, "MPLS labels, the top of the stack first.", detailFn(labels)},
	{"flow.vni", "long", true, "VXLAN network identifier.", detail(flow.HasVNI, func(d *flow.Details) uint64 { return uint64(d.VNI) })},
	{"flow.ipv6_flow_label", "long", false, "Flow label of IPv6.", detail(flow.HasFlowLabel, func(d *flow.Details) uint64 { return uint64(d.FlowLabel) })},
	{"flow.min_ttl", "short", false, "Least time to live of any packet of the flow.", detail(flow.HasMinTTL, func(d *flow.Details) uint64 { return uint64(d.MinTTL) })},
	{"flow.max_ttl", "short", false, "Greatest time to live of any packet of the flow.", detail(flow.HasMaxTTL, func(d *flow.Details) uint64 { return uint64(d.MaxTTL) })},
	{"flow.extra", "flattened", true, "Whatever else the exporter said, by the name of the [information element](elements.md), or by its number as enterprise/id and in hexadecimal when nobody registered it.", detailFn(extra)},
	{"flow.wireless.station_mac", "keyword", true, "Hardware address of the wireless client.", detailMAC(flow.HasStationMAC, func(d *flow.Details) *[6]byte { return &d.StationMAC })},
	{"flow.wireless.access_point_mac", "keyword", true, "Hardware address of its access point.", detailMAC(flow.HasAccessPointMAC, func(d *flow.Details) *[6]byte { return &d.AccessPointMAC })},
	{"flow.wireless.ssid", "keyword", true, "Name of the wireless network.", text(func(d *flow.Details) []byte { return d.SSID })},
	{"flow.sampling.interval", "long", true, "One of so many packets was looked at; absent when all were, or when nobody says.", putFn(samplingInterval)},
	{"flow.sampling.source", "keyword", true, "Where the interval comes from: header, record, options, sflow, configured; missing: the record names a sampler that nobody described.", putFn(samplingSource)},
	{"flow.sampling.bytes", "long", false, "Octets of the sampled packets in both directions, as exported.", sampled(flow.HasBytes, exportedBytes)},
	{"flow.sampling.packets", "long", false, "Sampled packets, as exported.", sampled(flow.HasPackets, exportedPackets)},
}
