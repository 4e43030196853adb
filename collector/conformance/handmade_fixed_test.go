package conformance_test

import "slices"

// begin is how all headers of NetFlow v1 to v8 begin: version, count, uptime, seconds, nanoseconds.
func begin(version, count int) []byte {
	return concat(n2(version), n2(count), n4(madeUptime), n4(madeUnix), n4(250_000_000))
}

// common are the first 36 octets of every record of v1, v5, v6 and v7.
func common(i int) []byte {
	return concat(sourceAddress(i), destinationAddress(i), routerAddress(), n2(10+i), n2(20+i), n4(i), n4(1000*i),
		n4(madeFirst), n4(madeLast), n2(40_000+i), n2(443))
}

// routes are protocol to prefix lengths, the same in v5, v6 and v7: flags, protocol, type of service, AS numbers, prefix lengths.
func routes(i int) []byte {
	return concat(n1(0x1b), n1(6), n1(0xb8), n2(64500+i), n2(64510+i), n1(24), n1(16))
}

// flowSequence is the sequence number in the headers.
const flowSequence = 1000

// fixedForms are the formats without templates. Cisco, "NetFlow Services Solutions Guide", appendix "NetFlow Export Datagram Format",
// unless another document is named.
func fixedForms() []handmade {
	const guide = "Cisco, NetFlow Export Datagram Format, "
	versions := []handmade{
		{"netflow1", guide + "v1 header and record", [][]byte{concat(
			begin(1, 2),
			common(1), n2(0), n1(6), n1(0xb8), n1(0x1b), make([]byte, 7),
			common(2), n2(0), n1(17), n1(0), n1(0), make([]byte, 7),
		)}},
		{"netflow5-sampled", guide + "v5 header and record, sampling mode and interval in the header", [][]byte{concat(
			begin(5, 1), n4(flowSequence), n1(1), n1(7), n2(1<<14|100), common(1), n1(0), routes(1), n2(0),
		)}},
		// The version between: encapsulation sizes and the next hop of the peer stand behind the prefix lengths.
		{"netflow6", "flow-tools, ftlib(3), version 6", [][]byte{concat(
			begin(6, 2), n4(flowSequence), n1(1), n1(7), n2(0),
			common(1), n1(0), routes(1), n1(4), n1(6), routerAddress(),
			common(2), n1(0), routes(2), n1(4), n1(6), routerAddress(),
		)}},
		{"netflow7", guide + "v7 header and record, flags and router shortcut", [][]byte{concat(
			begin(7, 2), n4(flowSequence), n4(0),
			common(1), n1(0), routes(1), n2(0), routerAddress(),
			common(2), n1(0), routes(2), n2(0), routerAddress(),
		)}},
	}
	aggregated := make([]handmade, 0, 14)
	for _, s := range schemes() {
		aggregated = append(aggregated, handmade{"netflow8-" + s.name, s.document, [][]byte{concat(
			begin(8, 2), n4(flowSequence), n1(1), n1(7), n1(s.number), n1(2), n4(0), s.record(1), s.record(2),
		)}})
	}
	return slices.Concat(versions, aggregated)
}

// scheme is an aggregation of NetFlow v8.
type scheme struct {
	number         int
	name, document string
	record         func(i int) []byte
}

func schemes() []scheme {
	const (
		router   = "Cisco, NetFlow Export Datagram Format, v8 router-based aggregation: "
		catalyst = "Cisco, Catalyst 6500 NetFlow Data Export, v8: "
	)
	// flows, packets, octets, first, last
	counters := func(i int) []byte { return concat(n4(10*i), n4(100*i), n4(100_000*i), n4(madeFirst), n4(madeLast)) }
	systems := func(i int) []byte { return concat(n2(64500+i), n2(64510+i)) }
	interfaces := func(i int) []byte { return concat(n2(10+i), n2(20+i)) }
	ports := func(i int) []byte { return concat(n2(40_000+i), n2(443)) }
	networks := func(i int) []byte { return concat(octets(198, 51, byte(i), 0), octets(203, 0, byte(i), 0)) }
	const tos = 0xb8
	return []scheme{
		{1, "as", router + "AS", func(i int) []byte { return concat(counters(i), systems(i), interfaces(i)) }},
		{2, "protocol-port", router + "ProtocolPort", func(i int) []byte {
			return concat(counters(i), n1(6), n1(0), n2(0), ports(i))
		}},
		{3, "source-prefix", router + "SourcePrefix", func(i int) []byte {
			return concat(counters(i), networks(i)[:4], n1(24), n1(0), n2(64500+i), n2(10+i), n2(0))
		}},
		{4, "destination-prefix", router + "DestinationPrefix", func(i int) []byte {
			return concat(counters(i), networks(i)[4:], n1(16), n1(0), n2(64510+i), n2(20+i), n2(0))
		}},
		{5, "prefix", router + "Prefix", func(i int) []byte {
			return concat(counters(i), networks(i), n1(24), n1(16), n2(0), systems(i), interfaces(i))
		}},
		{6, "destination-only", catalyst + "DestOnly", func(i int) []byte {
			return concat(destinationAddress(i), n4(100*i), n4(100_000*i), n4(madeFirst), n4(madeLast), n2(20+i), n1(tos), n1(0), n4(0), routerAddress())
		}},
		{7, "source-destination", catalyst + "SourceDest", func(i int) []byte {
			return concat(destinationAddress(i), sourceAddress(i), n4(100*i), n4(100_000*i), n4(madeFirst), n4(madeLast),
				n2(20+i), n2(10+i), n1(tos), n1(0), n2(0), n4(0), routerAddress())
		}},
		{8, "full-flow", catalyst + "FullFlow", func(i int) []byte {
			return concat(destinationAddress(i), sourceAddress(i), n2(443), n2(40_000+i), n4(100*i), n4(100_000*i), n4(madeFirst), n4(madeLast),
				n2(20+i), n2(10+i), n1(tos), n1(6), n1(0), n1(0), n4(0), routerAddress())
		}},
		{9, "as-tos", router + "ASToS", func(i int) []byte {
			return concat(counters(i), systems(i), interfaces(i), n1(tos), n1(0), n2(0))
		}},
		{10, "protocol-port-tos", router + "ProtocolPortToS", func(i int) []byte {
			return concat(counters(i), n1(6), n1(tos), n2(0), ports(i), interfaces(i))
		}},
		{11, "source-prefix-tos", router + "SourcePrefixToS", func(i int) []byte {
			return concat(counters(i), networks(i)[:4], n1(24), n1(tos), n2(64500+i), n2(10+i), n2(0))
		}},
		{12, "destination-prefix-tos", router + "DestinationPrefixToS", func(i int) []byte {
			return concat(counters(i), networks(i)[4:], n1(16), n1(tos), n2(64510+i), n2(20+i), n2(0))
		}},
		{13, "prefix-tos", router + "PrefixToS", func(i int) []byte {
			return concat(counters(i), networks(i), n1(24), n1(16), n1(tos), n1(0), systems(i), interfaces(i))
		}},
		{14, "prefix-port-tos", router + "PrefixPortToS", func(i int) []byte {
			return concat(counters(i), networks(i), n1(24), n1(16), n1(tos), n1(6), ports(i), interfaces(i))
		}},
	}
}
