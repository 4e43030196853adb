package main

import (
	"encoding/binary"
	"net/netip"
)

// packet is the payload of one datagram.
type packet struct {
	from netip.Addr
	data []byte
}

// load is what both decoders are given: templates once, beforehand, then the packets over and over.
type load struct {
	name      string
	templates []packet
	packets   []packet
	goal      float64 // nanoseconds a record; 0: none
	faster    float64 // than goflow2, times; 0: no goal
	peerless  bool    // goflow2 does not know the format
}

// The packets are of ordinary size for Ethernet, each with flows of its own: enough of them that no branch can be learnt by heart, few
// enough that they stay in the second-level cache, where the kernel would have left them.
const (
	packets = 128
	payload = 1400 // octets, about
)

// Moments in the headers, and the id of every template.
const (
	exported = 1_700_000_000 // seconds
	uptime   = 10_000_000    // milliseconds
	id       = 256
)

var exporter = netip.AddrFrom4([4]byte{192, 0, 2, 1})

// loads are the packets that are made by hand.
func loads() []load {
	return []load{
		templated("NetFlow v9, 20 fields, IPv4", netflow9, packets, 25, classic(false, false), 100, 9),
		templated("IPFIX, 20 fields, IPv4", ipfix, packets, 19, classic(false, true), 100, 9),
		version5(),
		templated("NetFlow v9, 20 fields, IPv6", netflow9, packets, 15, classic(true, false), 0, 0),
		templated("IPFIX, both directions, strings", ipfix, packets, 15, connection(), 0, 0),
		version8(),
		sampled(),
	}
}

func u16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func u32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
func u64(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// flow numbers the flows of a load; figure makes any number of different figures of one, none above the least.
type flow int

func (f flow) figure(salt, below int) int {
	n := uint64(f)*0x9e3779b97f4a7c15 + uint64(salt)*0xbf58476d1ce4e5b9
	n ^= n >> 29
	n *= 0x94d049bb133111eb
	return int(n >> 33 % uint64(below))
}

func (f flow) ipv4(side int) []byte {
	return join([]byte{198, byte(18 + side)}, u16(f.figure(side, 1<<16)))
}

func (f flow) ipv6(side int) []byte {
	return join(u32(0x20010db8), u32(side), u32(f.figure(side, 1<<31)), u32(f.figure(side+2, 1<<31)))
}

// field is one of a template, with the values that records have in it.
type field struct {
	enterprise, element int
	length              int // 65535: of variable length
	value               func(f flow) []byte
}

const variable = 65535

// classic are the 20 fields that Cisco routers send in NetFlow v9, 55 octets over IPv4; absolute are the counters of 64 bits and the times
// in Unix milliseconds that IPFIX has instead, 71 octets.
func classic(six, absolute bool) []field {
	address, length := flow.ipv4, 4
	source, destination, hop, sourceMask, destinationMask := 8, 12, 15, 9, 13
	if six {
		address, length = flow.ipv6, 16
		source, destination, hop, sourceMask, destinationMask = 27, 28, 62, 29, 30
	}
	last := field{0, 21, 4, func(f flow) []byte { return u32(uptime - f.figure(9, 1000)) }}
	first := field{0, 22, 4, func(f flow) []byte { return u32(uptime - 1000 - f.figure(10, 60000)) }}
	size, number := 4, u32
	if absolute {
		last = field{0, 153, 8, func(f flow) []byte { return u64(exported*1000 - f.figure(9, 1000)) }}
		first = field{0, 152, 8, func(f flow) []byte { return u64(exported*1000 - 1000 - f.figure(10, 60000)) }}
		size, number = 8, u64
	}
	return []field{
		last,
		first,
		{0, 2, size, func(f flow) []byte { return number(1 + f.figure(1, 1000)) }},
		{0, 1, size, func(f flow) []byte { return number(40 + f.figure(2, 1_000_000)) }},
		{0, 10, 4, func(f flow) []byte { return u32(1 + f.figure(3, 48)) }},
		{0, 14, 4, func(f flow) []byte { return u32(1 + f.figure(4, 48)) }},
		{0, source, length, func(f flow) []byte { return address(f, 0) }},
		{0, destination, length, func(f flow) []byte { return address(f, 1) }},
		{0, 4, 1, func(f flow) []byte { return []byte{[]byte{6, 6, 6, 17}[f.figure(5, 4)]} }},
		{0, 5, 1, func(f flow) []byte { return []byte{byte(f.figure(6, 64) << 2)} }},
		{0, 7, 2, func(f flow) []byte { return u16(1024 + f.figure(7, 60000)) }},
		{0, 11, 2, func(f flow) []byte { return u16([]int{53, 80, 443, 8080}[f.figure(8, 4)]) }},
		{0, 48, 1, func(flow) []byte { return []byte{0} }}, // no sampler: every packet is counted
		{0, hop, length, func(f flow) []byte { return address(f, 3) }},
		{0, destinationMask, 1, func(flow) []byte { return []byte{24} }},
		{0, sourceMask, 1, func(flow) []byte { return []byte{16} }},
		{0, 6, 1, func(f flow) []byte { return []byte{byte(f.figure(11, 64))} }},
		{0, 61, 1, func(flow) []byte { return []byte{0} }},
		{0, 17, 4, func(f flow) []byte { return u32(64512 + f.figure(12, 1000)) }},
		{0, 16, 4, func(f flow) []byte { return u32(64512 + f.figure(13, 1000)) }},
	}
}

// connection are both directions of a flow in one record (RFC 5103), with strings of variable length (RFC 7011 section 7).
func connection() []field {
	const reverse = 29305
	text := func(s ...string) func(f flow) []byte {
		return func(f flow) []byte {
			s := s[f.figure(20, len(s))]
			return join([]byte{byte(len(s))}, []byte(s))
		}
	}
	return []field{
		{0, 152, 8, func(f flow) []byte { return u64(exported*1000 - 1000 - f.figure(10, 60000)) }},
		{0, 153, 8, func(f flow) []byte { return u64(exported*1000 - f.figure(9, 1000)) }},
		{0, 8, 4, func(f flow) []byte { return f.ipv4(0) }},
		{0, 12, 4, func(f flow) []byte { return f.ipv4(1) }},
		{0, 7, 2, func(f flow) []byte { return u16(1024 + f.figure(7, 60000)) }},
		{0, 11, 2, func(f flow) []byte { return u16([]int{53, 80, 443, 8080}[f.figure(8, 4)]) }},
		{0, 4, 1, func(flow) []byte { return []byte{6} }},
		{0, 6, 2, func(f flow) []byte { return u16(f.figure(11, 64)) }},
		{0, 1, 8, func(f flow) []byte { return u64(40 + f.figure(2, 1_000_000)) }},
		{0, 2, 8, func(f flow) []byte { return u64(1 + f.figure(1, 1000)) }},
		{reverse, 1, 8, func(f flow) []byte { return u64(40 + f.figure(14, 1_000_000)) }},
		{reverse, 2, 8, func(f flow) []byte { return u64(1 + f.figure(15, 1000)) }},
		{reverse, 6, 2, func(f flow) []byte { return u16(f.figure(16, 64)) }},
		{0, 82, variable, text("eth0", "eth1", "ge-0/0/1", "TenGigE0/1/0/3")},
		{0, 96, variable, text("ssl", "dns", "web-browsing", "office365")},
		{0, 371, variable, text("", "alice", `CORP\bob`)},
	}
}

// header makes what is before the sets of a packet, whose length with the header is given.
type header func(sequence, length int) []byte

// netflow9 is RFC 3954 section 5.1, ipfix RFC 7011 section 3.1.
func netflow9(sequence, _ int) []byte {
	return join(u16(9), u16(1), u32(uptime), u32(exported), u32(sequence), u32(1))
}

func ipfix(sequence, length int) []byte {
	return join(u16(10), u16(length), u32(exported), u32(sequence), u32(1))
}

// set is a set with its length, filled up to four octets.
func set(id int, body []byte) []byte {
	padding := -len(body) & 3
	return join(u16(id), u16(4+len(body)+padding), body, make([]byte, padding))
}

func (h header) packet(sequence int, sets []byte) packet {
	length := len(h(0, 0)) + len(sets)
	return packet{exporter, join(h(sequence, length), sets)}
}

// templated is a load of NetFlow v9 or IPFIX, of so many packets with so many records each.
func templated(name string, h header, count, records int, fields []field, goal, faster float64) load {
	l := load{name: name, goal: goal, faster: faster}
	template := join(u16(id), u16(len(fields)))
	for _, f := range fields {
		if f.enterprise != 0 {
			template = join(template, u16(1<<15|f.element), u16(f.length), u32(f.enterprise))
			continue
		}
		template = join(template, u16(f.element), u16(f.length))
	}
	set0 := 0
	if len(h(0, 0)) == len(ipfix(0, 0)) {
		set0 = 2
	}
	l.templates = []packet{h.packet(0, set(set0, template))}
	for i := range count {
		body := make([]byte, 0, payload)
		for n := range records {
			for _, f := range fields {
				body = append(body, f.value(flow(i*records+n))...)
			}
		}
		l.packets = append(l.packets, h.packet(i, set(id, body)))
	}
	return l
}

// version5 is Cisco, "NetFlow Export Datagram Format", tables B-3 and B-4.
func version5() load {
	const records = 30
	l := load{name: "NetFlow v5", goal: 100, faster: 9}
	for i := range packets {
		b := join(u16(5), u16(records), u32(uptime), u32(exported), u32(0), u32(i*records), u32(0))
		for n := range records {
			f := flow(i*records + n)
			b = join(
				b, f.ipv4(0), f.ipv4(1), f.ipv4(3), u16(1+f.figure(3, 48)), u16(1+f.figure(4, 48)), u32(1+f.figure(1, 1000)), u32(40+f.figure(2, 1_000_000)),
				u32(uptime-1000-f.figure(10, 60000)), u32(uptime-f.figure(9, 1000)), u16(1024+f.figure(7, 60000)), u16(443),
				[]byte{0, byte(f.figure(11, 64)), 6, 0}, u16(64512+f.figure(13, 1000)), u16(64512+f.figure(12, 1000)), []byte{16, 24, 0, 0},
			)
		}
		l.packets = append(l.packets, packet{exporter, b})
	}
	return l
}

// version8 is the aggregation by prefix, port and type of service (14): the same document, tables B-9 and B-19.
func version8() load {
	const records, aggregation = 34, 14
	l := load{name: "NetFlow v8, prefix-port-ToS", peerless: true}
	for i := range packets {
		b := join(u16(8), u16(records), u32(uptime), u32(exported), u32(0), u32(i*records), []byte{0, 0, aggregation, 2}, u32(0))
		for n := range records {
			f := flow(i*records + n)
			b = join(
				b, u32(1+f.figure(17, 100)), u32(1+f.figure(1, 1000)), u32(40+f.figure(2, 1_000_000)),
				u32(uptime-1000-f.figure(10, 60000)), u32(uptime-f.figure(9, 1000)), f.ipv4(0), f.ipv4(1), []byte{16, 24, 0, 6},
				u16(1024+f.figure(7, 60000)), u16(443), u16(1+f.figure(3, 48)), u16(1+f.figure(4, 48)),
			)
		}
		l.packets = append(l.packets, packet{exporter, b})
	}
	return l
}

// sampled is sFlow version 5: flow samples, each with the first 128 octets of an Ethernet frame with TCP over IPv4.
func sampled() load {
	const samples, captured = 7, 128
	l := load{name: "sFlow, headers of 128 octets", goal: 150}
	for i := range packets {
		b := join(u32(5), u32(1), exporter.AsSlice(), u32(0), u32(i), u32(uptime), u32(samples))
		for n := range samples {
			f := flow(i*samples + n)
			size := 60 + f.figure(2, 1440)
			frame := join(
				[]byte{2, 0, 0, 0, 1, byte(f.figure(18, 256)), 2, 0, 0, 0, 2, byte(f.figure(19, 256)), 0x08, 0x00},
				[]byte{0x45, 0}, u16(size), []byte{0, 1, 0x40, 0, 64, 6, 0, 0}, f.ipv4(0), f.ipv4(1),
				u16(1024+f.figure(7, 60000)), u16(443), u32(1), u32(2), []byte{0x50, byte(f.figure(11, 64)), 0xff, 0xff, 0, 0, 0, 0},
			)
			header := join(u32(1), u32(size+18), u32(4), u32(captured), frame, make([]byte, captured-len(frame)))
			input, output := 1+f.figure(3, 48), 1+f.figure(4, 48)
			sample := join(u32(i*samples+n), u32(input), u32(512), u32(99_000), u32(0), u32(input), u32(output), u32(1), u32(1), u32(len(header)), header)
			b = join(b, u32(1), u32(len(sample)), sample)
		}
		l.packets = append(l.packets, packet{exporter, b})
	}
	return l
}
