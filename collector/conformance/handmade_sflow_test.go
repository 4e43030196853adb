package conformance_test

// datagram5 is a datagram of sFlow version 5, of agent 192.0.2.254, sub-agent 3: "sFlow Version 5", section 5, sample_datagram_v5.
func datagram5(sequence int, samples ...[]byte) []byte {
	return concat(n4(5), n4(1), routerAddress(), n4(3), n4(sequence), n4(madeUptime), n4(len(samples)), concat(samples...))
}

// structure is a sample, or a record in one: its format, its length, its content.
func structure(format int, content ...[]byte) []byte {
	body := concat(content...)
	return concat(n4(format), n4(len(body)), body)
}

// Formats of "sFlow Version 5", section 5.
const (
	countersSample, expandedFlowSample    = 2, 3
	genericInterface, rawHeader, ethernet = 1, 1, 1
)

// ifCounters are generic interface counters: "sFlow Version 5", section 5, if_counters.
func ifCounters(index int) []byte {
	return structure(genericInterface, n4(index), n4(6), n8(10_000_000_000), n4(1), n4(3),
		n8(1<<40+index), n4(101), n4(102), n4(103), n4(104), n4(105), n4(106),
		n8(1<<41+index), n4(201), n4(202), n4(203), n4(204), n4(205), n4(2))
}

// frame6 is the beginning of an Ethernet frame with a tag (IEEE 802.1Q), IPv6 and UDP.
func frame6() []byte {
	return concat(
		octets(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1), n2(0x8100), n2(42), n2(0x86dd),
		n4(6<<28|0xb8<<20|0x12345), n2(1008), n1(17), n1(64), address6(1, 1), address6(2, 1),
		n2(40_001), n2(443), n2(1008), n2(0),
	)
}

func sflow() []handmade {
	return []handmade{
		{"sflow5-counters", "sFlow Version 5 (sflow.org, July 2004), section 5: counters_sample with if_counters of two interfaces", [][]byte{
			datagram5(1,
				structure(countersSample, n4(1), n4(11), n4(1), ifCounters(11)),
				structure(countersSample, n4(1), n4(21), n4(1), ifCounters(21))),
		}},
		{"sflow5-expanded", "sFlow Version 5 (sflow.org, July 2004), section 5: flow_sample_expanded with sampled_header", [][]byte{
			datagram5(2, structure(expandedFlowSample, n4(9), n4(0), n4(70_000), n4(512), n4(512*9), n4(0), n4(0), n4(70_000), n4(0), n4(70_001), n4(1),
				structure(rawHeader, n4(ethernet), n4(1070), n4(4), n4(len(frame6())), frame6(), make([]byte, (4-len(frame6())%4)%4)))),
		}},
	}
}
