package conformance_test

// known is a difference that is understood: all records of a capture on which the collector and another decoder do not say the same of a
// fact.
type known struct {
	capture, who, fact string
	right, why         string // Markdown
}

// table are the known differences.
var table = []known{
	{
		"ipfix", "tshark", "start", "the collector",
		"flowStartSysUpTime (22) of 0 is the moment of systemInitTimeMilliseconds (RFC 7011 section 6.1, IANA registry); tshark shows it as 1970-01-01",
	},
	{
		"ipfix", "tshark", "number of records", "the collector",
		"the datagram holds two messages, which RFC 7011 section 10.3 does not foresee; it reads both, tshark the first",
	},
	{
		"netflow8-prefix", "tshark", "source prefix length", "the collector",
		"the prefix length of the destination stands first, as flow-tools and pmacct read what Cisco's routers send; tshark reads them the other way round",
	},
	{
		"netflow8-prefix", "tshark", "destination prefix length", "the collector",
		"the prefix length of the destination stands first, as flow-tools and pmacct read what Cisco's routers send; tshark reads them the other way round",
	},
	{
		"netflow8-prefix-tos", "tshark", "source prefix length", "the collector",
		"the prefix length of the destination stands first, as flow-tools and pmacct read what Cisco's routers send; tshark reads them the other way round",
	},
	{
		"netflow8-prefix-tos", "tshark", "destination prefix length", "the collector",
		"the prefix length of the destination stands first, as flow-tools and pmacct read what Cisco's routers send; tshark reads them the other way round",
	},
	{
		"netflow8-prefix-port-tos", "tshark", "source prefix length", "the collector",
		"the prefix length of the destination stands first, as flow-tools and pmacct read what Cisco's routers send; tshark reads them the other way round",
	},
	{
		"netflow8-prefix-port-tos", "tshark", "destination prefix length", "the collector",
		"the prefix length of the destination stands first, as flow-tools and pmacct read what Cisco's routers send; tshark reads them the other way round",
	},
	{
		"netflow9_test_nprobe", "tshark", "start", "the collector",
		"FIRST_SWITCHED of 0 is the moment the exporter started (RFC 3954 section 8); tshark shows it as 1970-01-01",
	},
	{
		"netflow9_test_nprobe_dpi", "tshark", "packet", "the collector",
		"17 octets behind the record are more than padding to a boundary of 32 bits (RFC 3954 section 5.3) and not zero: it reports them; " +
			"tshark calls them padding. The records are the same",
	},
	{
		"netflow9_test_paloalto_81", "tshark", "user", "the collector",
		"the user is in field 56701, which Palo Alto Networks documents (PAN-OS, NetFlow templates); tshark does not know it",
	},
	{
		"netflow6", "tshark", "packet", "the collector",
		"NetFlow v6 is older than what Wireshark reads; flow-tools has its layout (ftlib, version 6)",
	},
	{
		"netflow8-as-tos", "tshark", "input", "the collector",
		"interfaces, then type of service (Cisco, NetFlow Export Datagram Format, v8 ASToS; flow-tools has the same); tshark reads them the other way round",
	},
	{
		"netflow8-as-tos", "tshark", "output", "the collector",
		"interfaces, then type of service (Cisco, NetFlow Export Datagram Format, v8 ASToS; flow-tools has the same); tshark reads them the other way round",
	},
	{
		"netflow8-as-tos", "tshark", "TOS", "the collector",
		"interfaces, then type of service (Cisco, NetFlow Export Datagram Format, v8 ASToS; flow-tools has the same); tshark reads them the other way round",
	},
	{
		"ipfix-withdrawal", "tshark", "octets", "the collector",
		"after a withdrawal, or a new definition, the id has the new layout (RFC 7011 section 8.1); tshark goes on with the first",
	},
	{
		"ipfix-withdrawal", "tshark", "packets", "the collector",
		"after a withdrawal, or a new definition, the id has the new layout (RFC 7011 section 8.1); tshark goes on with the first",
	},
	{
		"ipfix-lists", "tshark", "input", "the collector",
		"it completes the record with what stands in its lists (RFC 6313 section 4.5); tshark 4.0 shows lists as octets",
	},
	{
		"ipfix-lists", "tshark", "output", "the collector",
		"it completes the record with what stands in its lists (RFC 6313 section 4.5); tshark 4.0 shows lists as octets",
	},
	{
		"ipfix-lists", "tshark", "octets", "the collector",
		"it completes the record with what stands in its lists (RFC 6313 section 4.5); tshark 4.0 shows lists as octets",
	},
	{
		"ipfix-lists", "tshark", "packets", "the collector",
		"it completes the record with what stands in its lists (RFC 6313 section 4.5); tshark 4.0 shows lists as octets",
	},
	{
		"ipfix-lists", "tshark", "source AS", "the collector",
		"it completes the record with what stands in its lists (RFC 6313 section 4.5); tshark 4.0 shows lists as octets",
	},
	{
		"ipfix-lists", "tshark", "destination AS", "the collector",
		"it completes the record with what stands in its lists (RFC 6313 section 4.5); tshark 4.0 shows lists as octets",
	},
	{
		"ipfix-lists", "nfdump", "everything", "the collector",
		"nfdump 1.7.1 does not read lists (RFC 6313), nor what stands behind them",
	},
	{
		"ipfix-withdrawal", "nfdump", "everything", "the collector",
		"nfcapd 1.7.1 ends with a segmentation fault when all templates are withdrawn (RFC 7011 section 8.1)",
	},
	{
		"ipfix-biflow", "nfdump", "TCP flags", "the collector",
		"reverse tcpControlBits (RFC 5103 section 6.1) are not those of the way forth, as nfdump has it",
	},
	{
		"softflowd-ipfix-biflow", "nfdump", "start", "the collector",
		"flowStartSysUpTime (22) is the beginning; nfdump has the two times the wrong way round",
	},
	{
		"openvswitch-ipfix", "nfdump", "start", "the collector",
		"flowStartDeltaMicroseconds (158) and flowEndDeltaMicroseconds (159) count back from the export time (IANA registry); nfdump does not read them",
	},
	{
		"softflowd-ipfix-biflow", "nfdump", "end", "the collector",
		"flowStartSysUpTime (22) is the beginning; nfdump has the two times the wrong way round",
	},
	{
		"openvswitch-ipfix", "nfdump", "end", "the collector",
		"flowStartDeltaMicroseconds (158) and flowEndDeltaMicroseconds (159) count back from the export time (IANA registry); nfdump does not read them",
	},
	{
		"openvswitch-ipfix", "nfdump", "octets", "the collector",
		"octetDeltaCount (1) and packetDeltaCount (2) are of this record; nfdump takes the totals (85, 86), which Open vSwitch counts over all flows",
	},
	{
		"netflow5-sampled", "nfdump", "octets", "both",
		"nfdump multiplies by the sampling interval of the header; compared is what was exported, which the collector keeps in flow.sampling beside the multiplied figures",
	},
	{
		"openvswitch-ipfix", "nfdump", "packets", "the collector",
		"octetDeltaCount (1) and packetDeltaCount (2) are of this record; nfdump takes the totals (85, 86), which Open vSwitch counts over all flows",
	},
	{
		"netflow5-sampled", "nfdump", "packets", "both",
		"nfdump multiplies by the sampling interval of the header; compared is what was exported, which the collector keeps in flow.sampling beside the multiplied figures",
	},
	{
		"sflow5-expanded", "nfdump", "packets", "both",
		"nfdump multiplies by the sampling rate; compared is the one packet, which the collector keeps in flow.sampling beside the multiplied figure",
	},
	{
		"softflowd-netflow9", "nfdump", "destination port", "the collector",
		"type and code of ICMPv6 are in icmpTypeCodeIPv6 (139); nfdump shows none",
	},
	{
		"pmacctd-netflow9", "nfdump", "destination port", "the collector",
		"type × 256 + code of ICMP stand in L4_DST_PORT (RFC 3954 section 8, as in NetFlow v5); nfdump shows none",
	},
	{
		"pmacctd-sflow5", "nfdump", "output", "the collector",
		"the two highest bits say that the output is no interface index (sFlow Version 5, section 5, interface); nfdump takes the rest for one",
	},
	{
		"pmacctd-sflow5", "nfdump", "source port", "the collector",
		"the header has ports of SCTP; nfdump reads those of TCP and UDP only",
	},
	{
		"pmacctd-sflow5", "nfdump", "destination port", "the collector",
		"the header has ports of SCTP, and type and code of ICMP; nfdump reads ports of TCP and UDP only",
	},
	{
		"openvswitch-sflow5", "nfdump", "output", "the collector",
		"the two highest bits say that the output is no interface index (sFlow Version 5, section 5, interface); nfdump takes the rest for one",
	},
	{
		"openvswitch-sflow5", "nfdump", "source port", "the collector",
		"the header has ports of SCTP; nfdump reads those of TCP and UDP only",
	},
	{
		"openvswitch-sflow5", "nfdump", "destination port", "the collector",
		"the header has ports of SCTP, and type and code of ICMP; nfdump reads ports of TCP and UDP only",
	},
	{
		"netflow9-nsel", "nfdump", "end", "both",
		"the collector takes observationTimeMilliseconds (323), the moment of the event, for its end; nfdump prints it as the time of an event",
	},
	{
		"ipfix-nat", "nfdump", "end", "both",
		"the collector takes observationTimeMilliseconds (323), the moment of the event, for its end; nfdump prints it as the time of an event",
	},
	{
		"openvswitch-ipfix", "nfdump", "destination port", "the collector",
		"type and code are in icmpTypeIPv4 (176), icmpCodeIPv4 (177), icmpTypeIPv6 (178) and icmpCodeIPv6 (179); nfdump shows none",
	},
}
