package conformance_test

// Private enterprise numbers: of reverse elements (RFC 5103 section 6.1) and one for examples (RFC 5612).
const (
	reversePEN = 29305
	examplePEN = 32473
)

// variable is the length of fields of variable length: RFC 7011 section 7.
const variable = 65535

// message is an IPFIX message: RFC 7011 section 3.1.
func message(sequence int, sets ...[]byte) []byte {
	body := concat(sets...)
	return concat(n2(10), n2(16+len(body)), n4(madeUnix), n4(sequence), n4(sourceID), body)
}

// enterprise is a field of an enterprise: RFC 7011 section 3.2.
func enterprise(pen, id, octets int) []byte { return concat(n2(id|1<<15), n2(octets), n4(pen)) }

// options10 is an options template record: RFC 7011 section 3.4.2.2.
func options10(id, scopes int, fields ...field) []byte {
	return concat(n2(id), n2(len(fields)), n2(scopes), specify(fields))
}

// Sets of templates: RFC 7011 section 3.3.2.
const templates, optionsTemplates = 2, 3

// key10 are fields of ordinary flows with absolute times in milliseconds, and key10Record their values.
var key10 = []field{{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {152, 8}, {153, 8}}

func key10Record(i int) []byte {
	return concat(sourceAddress(i), destinationAddress(i), n2(40_000+i), n2(443), n1(6), n8(madeUnix*1000-5000), n8(madeUnix*1000-1000))
}

// short and long are values of variable length, with their length in one and in three octets.
func short(value []byte) []byte { return concat(n1(len(value)), value) }
func long(value []byte) []byte  { return concat(n1(255), n2(len(value)), value) }

// ipfix are messages of IPFIX.
func ipfix() []handmade {
	return []handmade{
		{"ipfix-biflow", "RFC 5103 sections 4 to 6: reverse elements of the enterprise 29305", [][]byte{
			message(0, set(templates, concat(n2(256), n2(len(key10)+5), specify(key10), specify([]field{{1, 8}, {2, 8}}),
				enterprise(reversePEN, 1, 8), enterprise(reversePEN, 2, 8), enterprise(reversePEN, 6, 2))),
				set(256, key10Record(1), n8(1000), n8(10), n8(64_000), n8(52), n2(0x1b))),
		}},
		{"ipfix-reduced-size", "RFC 7011 section 6.2: numbers in fewer octets than their type has", [][]byte{
			message(0, set(templates, template(256, with(key10, field{1, 3}, field{2, 1}, field{10, 2}, field{14, 1}, field{16, 2}, field{17, 3})...)),
				set(256, key10Record(1), n(3, 70_000), n1(200), n2(300), n1(44), n2(64500), n(3, 70_001))),
			message(1, set(templates, template(257, with(key10, field{1, 5}, field{2, 6}, field{6, 1})...)),
				set(257, key10Record(2), n(5, 5_000_000_000), n(6, 6_000_000), n1(0x12))),
		}},
		{"ipfix-variable-length", "RFC 7011 section 7: length in one octet and in three", [][]byte{
			message(0, set(templates, template(256, with(key10, field{82, variable}, field{1, 4}, field{460, variable}, field{2, 4})...)),
				set(256,
					key10Record(1), short([]byte("eth0")), n4(1000), short([]byte("www.example.com")), n4(1),
					key10Record(2), short(nil), n4(2000), long([]byte("www.example.net")), n4(2))),
		}},
		{"ipfix-withdrawal", "RFC 7011 section 8.1: a template is withdrawn, and its id used again; then all are withdrawn", [][]byte{
			message(0, set(templates, template(256, with(key10, field{1, 4}, field{2, 4})...)), set(256, key10Record(1), n4(1000), n4(1))),
			message(1, set(templates, template(256))),
			message(1, set(templates, template(256, with(key10, field{2, 4}, field{1, 4})...)), set(256, key10Record(2), n4(2), n4(2000))),
			message(2, set(templates, template(templates))),
			message(2, set(templates, template(257, with(key10, field{1, 4})...)), set(257, key10Record(3), n4(3000))),
		}},
		{"ipfix-types", "RFC 5610 section 3.9: the type of an element of enterprise 32473, and records that have it", [][]byte{
			// privateEnterpriseNumber, informationElementId; dataType, semantics, units, range, name, description
			message(0, set(optionsTemplates, options10(256, 2, field{346, 4}, field{303, 2}, field{339, 1}, field{344, 1}, field{345, 2},
				field{342, 8}, field{343, 8}, field{341, variable}, field{340, variable})),
				set(256, n4(examplePEN), n2(7), n1(3), n1(1), n2(8), n8(0), n8(1<<32), short([]byte("exampleTemperature")), short([]byte("in hundredths")))),
			message(1, set(templates, concat(n2(257), n2(len(key10)+2), specify(key10), specify([]field{{1, 4}}), enterprise(examplePEN, 7, 4))),
				set(257, key10Record(1), n4(1000), n4(2150))),
		}},
		{"ipfix-lists", "RFC 6313 sections 4.5.1 to 4.5.3: basicList 291, subTemplateList 292, subTemplateMultiList 293", lists()},
		{"ipfix-nat", "RFC 8158 sections 4.3 and 6: NAT44 session create and delete, NAT64, addresses exhausted; natEvent 230", nat()},
	}
}

func lists() [][]byte {
	const allOf, ordered = 3, 4 // semantics: RFC 6313 section 4.4
	inner := []field{{1, 4}, {2, 4}, {10, 4}}
	record := func(i int) []byte { return concat(n4(1000*i), n4(i), n4(10+i)) }
	return [][]byte{
		message(0, set(templates,
			template(256, with(key10, field{1, 4}, field{291, variable})...),
			template(257, inner...),
			template(258, with(key10, field{292, variable})...),
			template(259, with(key10, field{293, variable})...),
			template(260, field{16, 4}, field{17, 4})),
			// A list of interfaces (egressInterface, 14) that the flow left by.
			set(256, key10Record(1), n4(1000), short(concat(n1(allOf), n2(14), n2(4), n4(21), n4(22)))),
			set(258, key10Record(2), short(concat(n1(ordered), n2(257), record(2)))),
			set(259, key10Record(3), long(concat(n1(allOf), n2(257), n2(4+12), record(3), n2(260), n2(4+8), n4(64500), n4(64501))))),
	}
}

func nat() [][]byte {
	const (
		created44, deleted44, exhausted, created64 = 4, 5, 3, 6 // natEvent, RFC 8158 section 4.4 and the IANA registry
		millisecond                                = madeUnix*1000 - 500
	)
	session := []field{{323, 8}, {230, 1}, {4, 1}, {8, 4}, {225, 4}, {7, 2}, {227, 2}, {12, 4}, {226, 4}, {11, 2}, {228, 2}, {229, 1}}
	session44 := func(i, event int) []byte {
		return concat(n8(millisecond+i), n1(event), n1(6), sourceAddress(i), octets(192, 0, 2, 1), n2(40_000+i), n2(50_000+i),
			destinationAddress(i), destinationAddress(i), n2(443), n2(443), n1(1))
	}
	return [][]byte{
		message(0, set(templates,
			template(256, session...),
			template(257, field{323, 8}, field{230, 1}, field{4, 1}, field{27, 16}, field{225, 4}, field{7, 2}, field{227, 2}, field{28, 16}, field{226, 4}, field{11, 2}, field{228, 2}),
			template(258, field{323, 8}, field{230, 1}, field{283, 4})),
			set(256, session44(1, created44), session44(1, deleted44)),
			set(257, n8(millisecond), n1(created64), n1(6), address6(1, 3), octets(192, 0, 2, 1), n2(40_003), n2(50_003),
				address6(0xff, 3), destinationAddress(3), n2(443), n2(443)),
			set(258, n8(millisecond), n1(exhausted), n4(1))),
	}
}
