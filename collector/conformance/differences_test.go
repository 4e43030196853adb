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
}
