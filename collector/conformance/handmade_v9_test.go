package conformance_test

// sourceID is in the headers of NetFlow v9, and the observation domain of IPFIX.
const sourceID = 4711

// packet9 is a packet of NetFlow v9 with so many records: RFC 3954 section 5.1.
func packet9(sequence, records int, sets ...[]byte) []byte {
	return concat(n2(9), n2(records), n4(madeUptime), n4(madeUnix), n4(sequence), n4(sourceID), concat(sets...))
}

// set is a (Flow)Set: its id, its length, records, zeros up to a boundary of 32 bits (RFC 3954 section 5.2, RFC 7011 section 3.3.1).
func set(id int, records ...[]byte) []byte {
	body := concat(records...)
	body = append(body, make([]byte, (4-len(body)%4)%4)...)
	return concat(n2(id), n2(len(body)+4), body)
}

// field is a type or information element and its length in a template.
type field struct{ id, octets int }

func specify(fields []field) []byte {
	var b []byte
	for _, f := range fields {
		b = concat(b, n2(f.id), n2(f.octets))
	}
	return b
}

// template is a template record: RFC 3954 section 5.2, RFC 7011 section 3.4.1.
func template(id int, fields ...field) []byte {
	return concat(n2(id), n2(len(fields)), specify(fields))
}

// options9 is an options template record with the id 256: RFC 3954 section 6.1. Its scope is the system (1), in 4 octets.
func options9(fields ...field) []byte {
	return concat(n2(256), n2(4), n2(4*len(fields)), n2(1), n2(4), specify(fields))
}

// flow9 are fields of ordinary flows, RFC 3954 section 8, and flow9Record their values.
var flow9 = []field{{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {6, 1}, {5, 1}, {10, 4}, {14, 4}, {1, 4}, {2, 4}, {22, 4}, {21, 4}}

func flow9Record(i int) []byte {
	return concat(sourceAddress(i), destinationAddress(i), n2(40_000+i), n2(443), n1(6), n1(0x1b), n1(0xb8), n4(10+i), n4(20+i),
		n4(1000*i), n4(i), n4(madeFirst), n4(madeLast))
}

func with(fields []field, more ...field) []field {
	return append(fields[:len(fields):len(fields)], more...)
}

// netflow9 are options and records of NetFlow v9.
func netflow9() []handmade {
	system := n4(0)
	return []handmade{
		{"netflow9-sampler", "RFC 3954 sections 6.1 and 8: FLOW_SAMPLER_ID 48, FLOW_SAMPLER_MODE 49, FLOW_SAMPLER_RANDOM_INTERVAL 50; Cisco: SAMPLER_NAME 84", [][]byte{
			packet9(1, 2, set(1, options9(field{48, 1}, field{49, 1}, field{50, 4}, field{84, 16})),
				set(256, system, n1(3), n1(2), n4(512), text(16, "one-of-512"))),
			packet9(2, 3, set(0, template(257, with(flow9, field{48, 1})...)),
				set(257, flow9Record(1), n1(3), flow9Record(2), n1(3))),
		}},
		{"netflow9-applications", "RFC 6759 sections 4 and 6: applicationDescription 94, applicationId 95, applicationName 96, in an options table of Cisco NBAR2", [][]byte{
			packet9(1, 3, set(1, options9(field{95, 4}, field{96, 24}, field{94, 55})),
				set(256,
					system, n1(3), n(3, 80), text(24, "http"), text(55, "World Wide Web traffic"),
					system, n1(13), n(3, 453), text(24, "ssl"), text(55, "Secure Socket Layer"))),
			packet9(2, 3, set(0, template(257, with(flow9, field{95, 4})...)),
				set(257, flow9Record(1), n1(3), n(3, 80), flow9Record(2), n1(13), n(3, 453))),
		}},
		{"netflow9-interfaces", "RFC 3954 section 6.1; Cisco, Flexible NetFlow, option interface-table: INPUT_SNMP 10, IF_NAME 82, IF_DESC 83", [][]byte{
			packet9(1, 3, set(1, options9(field{10, 4}, field{82, 32}, field{83, 64})),
				set(256,
					system, n4(11), text(32, "Gi0/1"), text(64, "to the provider"),
					system, n4(21), text(32, "Gi0/2"), text(64, "office"))),
			packet9(2, 2, set(0, template(257, flow9...)), set(257, flow9Record(1))),
		}},
		{"netflow9-vrfs", "RFC 3954 section 6.1; Cisco, Flexible NetFlow, option vrf-table: ingressVRFID 234, VRFname 236", [][]byte{
			packet9(1, 2, set(1, options9(field{234, 4}, field{236, 32})), set(256, system, n4(7), text(32, "customer-a"))),
			packet9(2, 2, set(0, template(257, with(flow9, field{234, 4}, field{235, 4})...)),
				set(257, flow9Record(1), n4(7), n4(0))),
		}},
		{"netflow9-nsel", "Cisco, ASA NetFlow Implementation Guide: templates of flow-create, flow-denied, flow-teardown and flow-update events", nsel()},
	}
}

// nselKey are the fields that all events begin with: flow id, addresses, ports, interfaces, protocol, ICMP.
var nselKey = []field{{148, 4}, {8, 4}, {7, 2}, {10, 2}, {12, 4}, {11, 2}, {14, 2}, {4, 1}, {176, 1}, {177, 1}}

// nselMapped are the fields behind: translated addresses and ports, event, extended event, its moment.
var nselMapped = []field{{225, 4}, {226, 4}, {227, 2}, {228, 2}, {233, 1}, {33002, 2}, {323, 8}}

func nsel() [][]byte {
	const (
		created, deleted, denied, updated = 1, 2, 3, 5 // firewallEvent (233)
		millisecond                       = madeUnix * 1000
	)
	key := func(i, protocol int) []byte {
		return concat(n4(7000+i), sourceAddress(i), n2(40_000+i), n2(3), destinationAddress(i), n2(443), n2(4), n1(protocol), n1(0), n1(0))
	}
	mapped := func(i, event, extended int) []byte {
		return concat(octets(192, 0, 2, 1), destinationAddress(i), n2(50_000+i), n2(443), n1(event), n2(extended), n8(millisecond-1000+i))
	}
	lists := concat(n4(0x0f8e7ff3), n4(0x1a2b3c4d), n4(0), n4(0x55667788), n4(0x99aabbcc), n4(0)) // access lists in and out
	return [][]byte{
		packet9(1, 4, set(0,
			template(256, with(with(nselKey, nselMapped...), field{33000, 12}, field{33001, 12}, field{40000, 20})...),
			template(257, with(with(nselKey, nselMapped...), field{152, 8}, field{231, 4}, field{232, 4}, field{298, 4}, field{299, 4}, field{40000, 20})...),
			template(258, with(nselKey, field{233, 1}, field{33002, 2}, field{323, 8}, field{33000, 12}, field{33001, 12})...),
		)),
		packet9(2, 4,
			set(256, key(1, 6), mapped(1, created, 0), lists, text(20, "alice")),
			set(257,
				key(1, 6), mapped(1, updated, 0), n8(millisecond-9000), n4(1200), n4(34_000), n4(9), n4(31), text(20, "alice"),
				key(1, 6), mapped(1, deleted, 2030), n8(millisecond-9000), n4(2400), n4(68_000), n4(18), n4(62), text(20, "alice")),
			set(258, key(2, 17), n1(denied), n2(1001), n8(millisecond), lists)),
	}
}
