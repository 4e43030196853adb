package sflow_test

import (
	"fmt"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// full is a datagram of about 1400 octets with samples of packet headers.
func full() (packet []byte, samples int) {
	var all [][]byte
	for size := 28; ; {
		s := flowSample(512, 3, 4, header(1, 1522, frame(byte(len(all)+1))))
		if size += len(s); size > 1400 {
			return ordinary(1, all...), len(all)
		}
		all = append(all, s)
	}
}

// TestNothingIsAllocated once the arena has grown and the interfaces are known.
func TestNothingIsAllocated(t *testing.T) {
	headers, _ := full()
	for name, packet := range map[string][]byte{
		"headers":  headers,
		"extended": ordinary(1, flowSample(1, 3, 4, extended()...), expandedSample([2]uint32{0, 3}, [2]uint32{0, 3}, [2]uint32{1, 258}, extended()...)),
		"counters": ordinary(1, block(2, u32(1, 3, 2), counters(3, 7), block(1005, opaque([]byte("eth3"))))),
	} {
		c := newCollector()
		dst := make([]flow.Record, 0, 64)
		if n := testing.AllocsPerRun(200, func() {
			var err error
			c.arena.Reset()
			if dst, err = c.decoder.Decode(dst[:0], packet, origin, received); err != nil {
				panic(fmt.Sprint(len(dst), err))
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a datagram", name, n)
		}
	}
}

func BenchmarkSFlow(b *testing.B) {
	packet, samples := full()
	c := newCollector()
	dst := make([]flow.Record, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		c.arena.Reset()
		if dst, err = c.decoder.Decode(dst[:0], packet, origin, received); err != nil || len(dst) != samples {
			b.Fatal(len(dst), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*samples), "ns/sample")
}
