package decode_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// private is a field of an enterprise that nobody has.
func private(id, length int) []byte { return join(list(id|1<<15, length), u32(99999)) }

// steady are packets as an exporter sends them on and on, templates and descriptions included.
func steady() map[string][]byte {
	ordinary := list(8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 6, 1, 1, 4, 2, 4, 22, 4, 21, 4, 10, 2, 14, 2)
	record := make([]byte, 34)
	inList := join([]byte{3}, list(14, 4), u32(1), u32(2))
	deep := join([]byte{3}, list(291, 65535), []byte{byte(len(inList))}, inList)
	unknown := join([]byte{3}, private(9, 2), list(1, 2, 3))
	types := join(u32(99999), list(12), []byte{13, 0}, []byte("\x08greeting"))
	all := map[string][]byte{
		"v1": fixed(1, 16, 24, 52), "v5": fixed(5, 24, 30, 48), "v6": fixed(6, 24, 27, 52), "v7": fixed(7, 24, 27, 52),
		"v9":    packet9(set(0, list(256, 12), ordinary), set(256, repeat(30, record))),
		"IPFIX": message(set(2, list(256, 12), ordinary), set(256, repeat(30, record))),
		"IPFIX, variable length": message(set(2, list(256, 4, 1, 4, 82, 65535, 2, 1, 371, 65535)),
			set(256, repeat(20, join(u32(1), []byte("\x04eth0\x09\xff\x00\x03ann"))))),
		"IPFIX, times behind names": message(set(2, list(256, 4, 152, 8, 371, 65535, 150, 4, 161, 4)),
			set(256, repeat(20, join(u32(0), u32(1), []byte("\x03ann"), u32(unix), u32(5))))),
		"IPFIX, details":               message(set(2, list(256, 8, 230, 1, 225, 4, 89, 1, 136, 1, 95, 4, 70, 3, 351, 8, 365, 6)), set(256, repeat(30, make([]byte, 28)))),
		"IPFIX, basicList":             message(set(2, list(256, 2, 1, 4, 291, 65535)), set(256, repeat(20, join(u32(1), []byte{byte(len(inList))}, inList)))),
		"IPFIX, list in a list":        message(set(2, list(256, 1, 291, 65535)), set(256, repeat(20, join([]byte{byte(len(deep))}, deep)))),
		"IPFIX, list of an enterprise": message(set(2, list(256, 1, 291, 65535)), set(256, repeat(20, join([]byte{byte(len(unknown))}, unknown)))),
		"IPFIX, lists of records": message(set(2, list(257, 2, 1, 4, 2, 4), list(256, 2, 292, 65535, 293, 65535)),
			set(256, repeat(10, join([]byte{19, 3}, list(257), repeat(4, u32(5)), []byte{13, 3}, list(257, 12), u32(1), u32(2))))),
		"IPFIX, both directions":        message(set(2, list(256, 4, 1, 4, 0x8001, 4), u32(29305), list(0x8002, 4), u32(29305), list(232, 4)), set(256, repeat(20, make([]byte, 16)))),
		"IPFIX, kept":                   message(set(2, list(256, 4, 1, 4, 3, 4), private(12, 65535), private(13, 2)), set(256, repeat(20, join(u32(1), u32(2), []byte("\x02hi"), u16(3))))),
		"IPFIX, sampling in the record": message(set(2, list(256, 3, 1, 4, 305, 4, 306, 4)), set(256, repeat(20, join(u32(1), u32(1), u32(99))))),
		"IPFIX, packet sections":        message(set(2, list(256, 1, 313, 20)), set(256, repeat(10, join([]byte{0x45, 0}, make([]byte, 18))))),
		"options, interfaces": packet9(set(1, list(400, 4, 4, 2, 4, 82, 8, 0)), set(400, repeat(20, join(u32(3), []byte("eth0\x00\x00\x00\x00")))),
			set(0, list(256, 2, 10, 2, 14, 2)), set(256, repeat(20, list(3, 3)))),
		"options, samplers": message(set(3, list(400, 3, 1, 302, 8, 305, 4, 306, 4)), set(400, u32(0), u32(5), u32(1), u32(99)),
			set(2, list(256, 2, 302, 8, 1, 4)), set(256, repeat(20, join(u32(0), u32(5), u32(7))))),
		"options, applications, VRFs and users": message(
			set(3, list(400, 2, 1, 95, 4, 96, 4)), set(400, []byte{3, 0, 0, 80}, []byte("http")),
			set(3, list(401, 2, 1, 234, 4, 236, 4)), set(401, u32(7), []byte("blue")),
			set(3, list(402, 2, 1, 8, 4, 371, 65535)), set(402, []byte{192, 0, 2, 9}, []byte("\x03ann")),
			set(2, list(256, 3, 95, 4, 234, 4, 8, 4)), set(256, repeat(20, join([]byte{3, 0, 0, 80}, u32(7), []byte{192, 0, 2, 9})))),
		"options, since when": message(set(3, list(400, 2, 1, 144, 4, 160, 8)), set(400, u32(1), u32(0), u32(5)), set(2, list(256, 1, 22, 4)), set(256, repeat(20, u32(7)))),
		"options, types": message(set(3, list(400, 5, 2, 346, 4, 303, 2, 339, 1, 344, 1, 341, 65535)), set(400, types),
			set(2, list(256, 1), private(12, 2)), set(256, repeat(20, u16(1)))),
		"sFlow": sflow5(),
	}
	for scheme, size := range []int{1: 28, 28, 32, 32, 40, 32, 40, 44, 32, 32, 32, 32, 40, 40} {
		if size != 0 {
			all[fmt.Sprintf("v8, aggregation %d", scheme)] = aggregated(scheme, 20, size)
		}
	}
	return all
}

// TestNothingIsAllocated: not for a packet of any format, once it came before, whatever is kept and whatever is corrected.
func TestNothingIsAllocated(t *testing.T) {
	for name, packet := range steady() {
		for _, keep := range []flow.Keep{flow.KeepNone, flow.KeepKnown, flow.KeepAll} {
			c := newCollector(exporter.Limits{PacketsPerSecond: 1 << 20}, exporter.Policy{Dialect: flow.Dialect{Elements: element.Builtin(), Keep: keep}, MaxSkew: time.Minute})
			if n := c.must(t, packet); n == 0 {
				t.Fatalf("%s: no records", name)
			}
			dst := make([]flow.Record, 0, 64)
			if n := testing.AllocsPerRun(100, func() {
				var err error
				if dst, err = c.decoder.Decode(dst[:0], packet, origin, received); err != nil || len(dst) == 0 {
					panic(fmt.Sprint(name, len(dst), err))
				}
			}); n != 0 {
				t.Errorf("%s, keep %d: %v allocations a packet", name, keep, n)
			}
		}
	}
}
