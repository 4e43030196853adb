package schema

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

var baseFields = []Field{
	{"@timestamp", "date", filter, record, 1, lean, "When the flow ended, or the moment that decode.timestamp_source chooses; where the exporter does not say it the next of end, start, export, receive.", always(timestamp)},
	{"ecs.version", "keyword", filter, constantly, 1, lean, "Version of the Elastic Common Schema.", constant(`"` + ECSVersion + `"`)},
	{"event.kind", "keyword", filter, constantly, 3, all, "What Elastic's own views find flows by: event.", constant(`"event"`)},
	{"event.category", "keyword", filter, constantly, 3, all, "Likewise: network.", constant(`["network"]`)},
	{"event.type", "keyword", filter, constantly, 3, all, "Likewise: connection.", constant(`["connection"]`)},
	{"event.action", "keyword", filter, record, 2, lean, "What a firewall or a translator did to the flow: firewallEvent, natEvent of IANA, such as flow-denied, nat44-session-create.", detailed(eventAction)},
	{"event.start", "date", show, record, 1, all, "When the flow began.", when(flow.HasStart, start)},
	{"event.end", "date", show, record, 3, all, "When the flow ended.", when(flow.HasEnd, end)},
	{"event.duration", "long", sum, record, 1, full, "Nanoseconds between first and last packet.", when(flow.HasStart|flow.HasEnd, duration)},
}

var observerFields = []Field{
	{"observer.ip", "ip", filter, record, 1, lean, "Address of the exporter: what the packet came from.", always(exporterIP)},
	{"observer.name", "keyword", filter, exporters, 3, lean, "Name of the exporter.", observed(observerName)},
	{"observer.geo.name", "keyword", filter, sites, 3, full, "Site of the exporter.", observed(observerSite)},
	{"observer.ingress.interface.id", "keyword", filter, record, 1, lean, "ifIndex of the interface the packets came in by.", when(flow.HasInput, inputID)},
	{"observer.ingress.interface.name", "keyword", filter, interfaces, 2, full, "Name of that interface.", inputName},
	{"observer.ingress.interface.alias", "keyword", filter, interfaces, 2, all, "Description of that interface.", inputAlias},
	{"observer.egress.interface.id", "keyword", filter, record, 1, lean, "ifIndex of the interface the packets went out by.", when(flow.HasOutput, outputID)},
	{"observer.egress.interface.name", "keyword", filter, interfaces, 2, full, "Name of that interface.", outputName},
	{"observer.egress.interface.alias", "keyword", filter, interfaces, 2, all, "Description of that interface.", outputAlias},
}

var networkFields = []Field{
	{"network.type", "keyword", filter, record, 1, full, "ipv4 or ipv6.", always(networkType)},
	{"network.transport", "keyword", filter, record, 1, lean, "Transport protocol by its IANA keyword in lower case, such as tcp; absent for numbers without one.", when(flow.HasProtocol, transport)},
	{"network.iana_number", "keyword", filter, record, 1, all, "IANA protocol number.", when(flow.HasProtocol, protocolNumber)},
	{"network.bytes", "long", sum, record, 1, lean, "Octets of the flow's IP packets, in both directions where the exporter counts both, estimated from the sample where it samples.", when(flow.HasBytes, networkBytes)},
	{"network.packets", "long", sum, record, 1, lean, "Packets of the flow, likewise.", when(flow.HasPackets, networkPackets)},
	{"network.application", "keyword", filter, appNames, 2, lean, "Application that the exporter recognised, or else the one whose port it is, in lower case.", always(application)},
	{"network.community_id", "keyword", find, computed, 3, all, "[Community ID](https://github.com/corelight/community-id-spec) version 1, seed 0: the same for both directions, and in Zeek, Suricata, Packetbeat.", when(flow.HasProtocol, communityID)},
	{"network.direction", "keyword", filter, insideOut, 3, lean, "As seen from one's own networks: inbound, outbound, internal, external; absent where it is not known of both sides whether they are internal. Until version 2 it was what flow.direction is now.", when(hasSides, perimeter)},
	{"network.vlan.id", "keyword", filter, record, 1, lean, "VLAN id of the packets.", when(flow.HasVLAN, vlan)},
	{"network.inner.vlan.id", "keyword", filter, record, 2, full, "Inner, customer VLAN id of packets with two tags.", detailed(innerVLAN)},
}

// endpointFields are those of one side of a flow. What is known about its address comes first: it is one fragment.
func endpointFields(s *side) []Field {
	n, the := s.name, s.name
	fields := []Field{
		{n + ".ip", "ip", filter, record, 1, lean, "Address the packets " + s.went + ".", value{}},
		{n + ".domain", "keyword", filter, names, 3, lean, "Name of that address.", value{}},
		{n + ".as.number", "long", filter, asn, 1, full, "Autonomous system of the " + the + ".", value{}},
		{n + ".as.organization.name", "keyword", filter, asNames, 1, lean, "Who runs the autonomous system of the " + the + ".", value{}},
		{n + ".geo.name", "keyword", filter, networks, 3, lean, "Site of the " + the + ".", value{}},
		{n + ".geo.continent_name", "keyword", filter, city, 1, all, "Continent of the " + the + ".", value{}},
		{n + ".geo.country_iso_code", "keyword", filter, city, 1, lean, "Country of the " + the + ", ISO 3166-1 alpha-2.", value{}},
		{n + ".geo.country_name", "keyword", filter, city, 1, all, "Country of the " + the + ".", value{}},
		{n + ".geo.region_name", "keyword", filter, city, 1, all, "Region of the " + the + ".", value{}},
		{n + ".geo.city_name", "keyword", filter, city, 1, full, "City of the " + the + ".", value{}},
		{n + ".geo.location", "geo_point", filter, city, 1, full, "Place of the " + the + ", longitude and latitude.", value{}},
		{n + ".port", "long", filter, record, 1, lean, "Transport port the packets " + s.went + ".", when(hasRealPorts, s.port)},
		{n + ".mac", "keyword", filter, record, 1, full, "Hardware address the packets " + s.went + ", RFC 7042 notation.", when(s.hasMAC, s.mac)},
		{n + ".bytes", "long", sum, record, 2, all, "Octets that the " + the + " sent" + s.counted + ", estimated as network.bytes is.", when(s.hasBytes, s.bytes)},
		{n + ".packets", "long", sum, record, 2, all, "Packets that the " + the + " sent, likewise.", when(s.hasPackets, s.packets)},
		{n + ".nat.ip", "ip", filter, record, 2, full, "Address of the " + the + " after translation.", detailed(s.natIP)},
		{n + ".nat.port", "long", filter, record, 2, full, "Port of the " + the + " after translation.", detailed(s.natPort)},
	}
	if s == &source { // exporters know of no other user
		fields = append(fields, Field{n + ".user.name", "keyword", filter, options, 2, full, "Who uses the source address, as the exporter told.", text(func(d *flow.Details) []byte { return d.User })})
	}
	return fields
}

// roleFields are those of client and server: of the side that began the conversation, and of the other.
func roleFields(s *role) []Field {
	n := s.name
	return []Field{
		{n + ".ip", "ip", filter, clients, 3, full, "Address of the side that " + s.did + "; absent where it is not known which one did.", value{}},
		{n + ".domain", "keyword", filter, names, 3, full, "Name of that address.", value{}},
		{n + ".port", "long", filter, clients, 3, s.portTier, "Transport port of the " + n + ".", when(hasClient|hasRealPorts, s.port)},
		{n + ".bytes", "long", sum, clients, 3, all, "Octets that the " + n + " sent, where the exporter counted them.", when(hasClient, s.bytes)},
		{n + ".packets", "long", sum, clients, 3, all, "Packets that the " + n + " sent, likewise.", when(hasClient, s.packets)},
	}
}

var flowFields = []Field{
	{"flow.format", "keyword", filter, record, 1, full, "Wire format: netflow1, netflow5 to netflow9, ipfix or sflow5.", always(format)},
	{"flow.domain", "long", filter, record, 1, all, "Exporting process: observation domain of IPFIX, source id of NetFlow v9, engine type × 256 + engine id of v5 to v8, sub-agent id of sFlow.", always(domain)},
	{"flow.sequence", "long", show, record, 2, all, "Sequence number of the packet that carried the flow.", always(sequence)},
	{"flow.direction", "keyword", filter, record, 3, lean, "ingress or egress, as seen at the exporter's interface (flowDirection of IANA).", when(flow.HasDirection, direction)},
	{"flow.locality", "keyword", filter, insideOut, 3, all, "internal when both sides are in one's own networks, external when one is not; absent where it is not known of both.", when(hasSides, locality)},
	{"flow.conversation_id", "keyword", filter, computed, 3, all, "The same for all flows of a client with a port of a server, whichever direction: 64 bits in base64url; absent where it is not known who is the client.", when(hasClient, conversationID)},
	{"flow.tcp_flags", "keyword", filter, record, 1, full, "TCP flags seen in any packet of the flow: FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, NS.", when(flow.HasTCPFlags, tcpFlags)},
	{"flow.tos", "short", filter, record, 1, all, "Type of service octet of IPv4, traffic class of IPv6.", when(flow.HasTOS, tos)},
	{"flow.dscp", "keyword", filter, record, 3, full, "Differentiated services code point: its name at IANA, such as EF, AF41, CS1, or its number.", when(flow.HasTOS, dscp)},
	{"flow.icmp_type", "short", filter, record, 1, full, "ICMP or ICMPv6 type.", when(hasRealICMP, icmpType)},
	{"flow.icmp_code", "short", filter, record, 1, full, "ICMP or ICMPv6 code.", when(hasRealICMP, icmpCode)},
	{"flow.next_hop", "ip", filter, record, 1, all, "Address of the next router.", when(flow.HasNextHop, nextHop)},
	{"flow.source_prefix_length", "short", show, record, 1, all, "Bits of the route that covers the source.", always(sourcePrefix)},
	{"flow.destination_prefix_length", "short", show, record, 1, all, "Bits of the route that covers the destination.", always(destinationPrefix)},
	{"flow.source_network.name", "keyword", filter, networks, 3, lean, "Name of the network the source is in.", value{}},
	{"flow.source_network.role", "keyword", filter, networks, 3, full, "What that network is for.", value{}},
	{"flow.destination_network.name", "keyword", filter, networks, 3, lean, "Name of the network the destination is in.", value{}},
	{"flow.destination_network.role", "keyword", filter, networks, 3, full, "What that network is for.", value{}},
	{"flow.sampling.interval", "long", sum, options, 2, full, "One of so many packets was looked at; absent when all were, or when nobody says.", when(isSampled, samplingInterval)},
	{"flow.sampling.source", "keyword", filter, options, 2, full, "Where the interval comes from: header, record, options, sflow, configured; missing: the record names a sampler that nobody described.", always(samplingSource)},
	{"flow.sampling.bytes", "long", sum, record, 2, full, "Octets of the sampled packets in both directions, as exported.", when(isSampled|flow.HasBytes, sampledBytes)},
	{"flow.sampling.packets", "long", sum, record, 2, full, "Sampled packets, as exported.", when(isSampled|flow.HasPackets, sampledPackets)},
	{"flow.agent_ip", "ip", filter, record, 2, full, "The device that observed the flow, where the exporter speaks for another: sFlow agent, exporterIPv4Address.", detailed(agent)},
	{"flow.reverse_tcp_flags", "keyword", filter, record, 2, full, "TCP flags of the packets from destination to source, where the exporter counts both directions.", detailed(reverseTCPFlags)},
	{"flow.previous_as", "long", filter, record, 2, full, "Neighbouring autonomous system that the flow came from, as exported.", detail(flow.HasPreviousAS, func(d *flow.Details) uint64 { return uint64(d.PreviousAS) })},
	{"flow.next_as", "long", filter, record, 2, full, "Neighbouring autonomous system that the flow went to, as exported.", detail(flow.HasNextAS, func(d *flow.Details) uint64 { return uint64(d.NextAS) })},
	{"flow.ingress_vrf", "keyword", filter, options, 2, full, "VRF the packets came in by: its name, or else its number.", vrf(flow.HasInputVRF, func(d *flow.Details) (uint32, []byte) { return d.InputVRF, d.InputVRFName })},
	{"flow.egress_vrf", "keyword", filter, options, 2, full, "VRF the packets went out by.", vrf(flow.HasOutputVRF, func(d *flow.Details) (uint32, []byte) { return d.OutputVRF, d.OutputVRFName })},
	{"flow.application_id", "keyword", filter, record, 2, full, "Application as classification engine and selector, such as 13:453 (RFC 6759).", detailed(applicationID)},
	{"flow.flows", "long", sum, record, 2, full, "Flows that the exporter summed up in this one.", detail(flow.HasFlowCount, func(d *flow.Details) uint64 { return d.FlowCount })},
	{"flow.id", "keyword", find, record, 2, full, "Identifier that the exporter gave the flow.", detailed(flowID)},
	{"flow.end_reason", "keyword", filter, record, 2, full, "Why the exporter ended the flow: idle-timeout, active-timeout, end-of-flow, forced-end, lack-of-resources.", detailed(endReason)},
	{"flow.forwarding_status", "keyword", filter, record, 2, lean, "What became of the packets: unknown, forwarded, dropped, consumed.", detailed(forwardingStatus)},
	{"flow.extended_event", "long", filter, record, 2, full, "Why a Cisco firewall denied or ended the flow: NF_F_FW_EXT_EVENT.", detail(flow.HasExtendedEvent, func(d *flow.Details) uint64 { return uint64(d.ExtendedEvent) })},
	{"flow.mpls_labels", "long", filter, record, 2, full, "MPLS labels, the top of the stack first.", detailed(labels)},
	{"flow.vni", "long", filter, record, 2, full, "VXLAN network identifier.", detail(flow.HasVNI, func(d *flow.Details) uint64 { return uint64(d.VNI) })},
	{"flow.ipv6_flow_label", "long", show, record, 2, full, "Flow label of IPv6.", detail(flow.HasFlowLabel, func(d *flow.Details) uint64 { return uint64(d.FlowLabel) })},
	{"flow.min_ttl", "short", filter, record, 2, full, "Least time to live of any packet of the flow.", detail(flow.HasMinTTL, func(d *flow.Details) uint64 { return uint64(d.MinTTL) })},
	{"flow.max_ttl", "short", filter, record, 2, full, "Greatest time to live of any packet of the flow.", detail(flow.HasMaxTTL, func(d *flow.Details) uint64 { return uint64(d.MaxTTL) })},
	{"flow.wireless.station_mac", "keyword", filter, record, 2, full, "Hardware address of the wireless client.", detailMAC(flow.HasStationMAC, func(d *flow.Details) *[6]byte { return &d.StationMAC })},
	{"flow.wireless.access_point_mac", "keyword", filter, record, 2, full, "Hardware address of its access point.", detailMAC(flow.HasAccessPointMAC, func(d *flow.Details) *[6]byte { return &d.AccessPointMAC })},
	{"flow.wireless.ssid", "keyword", filter, record, 2, full, "Name of the wireless network.", text(func(d *flow.Details) []byte { return d.SSID })},
	{"flow.extra", "flattened", filter, record, 2, full, "Whatever else the exporter said, by the name of the [information element](elements.md), or by its number as enterprise/id and in hexadecimal when nobody registered it.", detailed(extra)},
}
