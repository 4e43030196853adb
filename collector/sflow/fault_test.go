package sflow_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestAFaultCostsLittle: what is before it is kept, and what is behind it where the lengths around it are sound.
func TestAFaultCostsLittle(t *testing.T) {
	good := flowSample(1, 3, 4, header(1, 1522, frame(1)))
	lying := func(b []byte, at int, length uint32) []byte {
		b = join(b)
		copy(b[at:], u32(length))
		return b
	}
	for name, test := range map[string]struct {
		fault   []byte
		reason  string
		records int // of the sample at fault
		behind  int // good samples behind it that are decoded
		offset  int // of the fault in the sample
	}{
		"sample cut":                  {block(1, u32(1, 3, 1)), "sample of format 1 is cut", 0, 1, 0},
		"expanded sample cut":         {block(3, u32(1, 0, 3, 1, 1, 0, 0, 3)), "sample of format 3 is cut", 0, 1, 0},
		"counters sample cut":         {block(2, u32(1, 3)), "sample of format 2 is cut", 0, 1, 0},
		"expanded counters cut":       {block(4, u32(1, 0, 3)), "sample of format 4 is cut", 0, 1, 0},
		"length of the sample":        {lying(good, 4, 9999), "sample of format 0:1 says that it has 9999 octets", 0, 0, 0},
		"more records than there are": {lying(good, 36, 3), "1 of 3 announced flow records are there", 1, 1, len(good)},
		"length of a record":          {lying(good, 44, 4000), "flow record of format 0:1 says that it has 4000 octets", 1, 1, 40},
		"header cut":                  {flowSample(1, 3, 4, block(1, u32(1, 1522, 4, 400), frame(1))), "flow record of format 1 is cut", 1, 1, 40},
		"header of nothing":           {flowSample(1, 3, 4, block(1, u32(1, 1522))), "flow record of format 1 is cut", 1, 1, 40},
		"second record cut":           {flowSample(1, 3, 4, block(1030, u32(1)), block(1002, u32(1))), "flow record of format 1002 is cut", 1, 1, 52},
		"address of no type":          {flowSample(1, 3, 4, block(1002, u32(7, 0, 24, 24))), "flow record of format 1002 is cut", 1, 1, 40},
		"AS path without end":         {flowSample(1, 3, 4, block(1003, u32(0, 1, 2, 3, 0xffffffff), u32(2, 1, 5))), "flow record of format 1003 is cut", 1, 1, 40},
		"AS segment without end":      {flowSample(1, 3, 4, block(1003, u32(0, 1, 2, 3, 1), u32(2, 0xffffffff, 5))), "flow record of format 1003 is cut", 1, 1, 40},
		"labels without end":          {flowSample(1, 3, 4, block(1006, u32(0, 0xffffffff, 5))), "flow record of format 1006 is cut", 1, 1, 40},
		"SSID without end":            {flowSample(1, 3, 4, block(1014, u32(99))), "flow record of format 1014 is cut", 1, 1, 40},
		"name without end":            {flowSample(1, 3, 4, block(1004, u32(106, 0xffffffff, 5))), "flow record of format 1004 is cut", 1, 1, 40},
		"counters cut":                {block(2, u32(1, 3, 1), block(1, u32(3, 6))), "counter record of format 1 is cut", 0, 1, 20},
		"port name without end":       {block(2, u32(1, 3, 1), block(1005, u32(99))), "counter record of format 1005 is cut", 0, 1, 20},
		"length of a counter record":  {block(2, u32(1, 3, 1), u32(1, 400)), "counter record of format 0:1 says that it has 400 octets", 0, 1, 20},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector()
			before := ordinary(1, good)
			packet := join(lying(before, 24, 3), test.fault, good)
			got, err := c.decode(packet)
			var failed *flow.PacketError
			if !errors.As(err, &failed) || !strings.Contains(failed.Reason, test.reason) {
				t.Fatalf("error %v", err)
			}
			if want := len(before) + test.offset; failed.Offset != want {
				t.Errorf("the fault is said to be at %d, it is at %d", failed.Offset, want)
			}
			if want := 1 + test.records + test.behind; len(got) != want {
				t.Errorf("%d records, want %d", len(got), want)
			}
			if s := c.table.Snapshot().Total; s.Malformed != 1 || s.Packets != 1 || s.Records != uint64(len(got)) {
				t.Errorf("%+v", s)
			}
		})
	}
	t.Run("more samples than there are", func(t *testing.T) {
		packet := lying(ordinary(1, good), 24, 0xffffffff)
		got, err := newCollector().decode(packet)
		var failed *flow.PacketError
		if len(got) != 1 || !errors.As(err, &failed) || failed.Offset != len(packet) || !strings.Contains(failed.Reason, "1 of 4294967295 announced samples") {
			t.Errorf("%d records, %v", len(got), err)
		}
	})
}

// TestUnknownSamplesAreSkipped: those of vendors, and the notifications of dropped packets ("discarded_packet", format 5), which are no
// samples of traffic.
func TestUnknownSamplesAreSkipped(t *testing.T) {
	good := flowSample(1, 3, 4)
	got, err := newCollector().decode(ordinary(1, block(5, u32(1, 0, 3, 0, 3, 0, 258, 0)), good, block(4413<<12|1, u32(1)), good, block(99, []byte{1, 2, 3}), good, block(4095, nil)))
	if err != nil || len(got) != 3 {
		t.Errorf("%d records, %v", len(got), err)
	}
}

// TestCutAnywhere: a datagram that ends early keeps the samples before, and the error says where it ends.
func TestCutAnywhere(t *testing.T) {
	samples := [][]byte{
		flowSample(1, 3, 4, extended()...),
		block(2, u32(1, 3, 2), counters(3, 7), block(1005, opaque([]byte("eth3")))),
		expandedSample([2]uint32{0, 3}, [2]uint32{0, 3}, [2]uint32{0, 4}, header(1, 1522, frame(2))),
	}
	packet := ordinary(1, samples...)
	firstEnd, secondEnd := len(packet)-len(samples[1])-len(samples[2]), len(packet)-len(samples[2])
	for n := range packet {
		c := newCollector()
		cut := packet[:n:n] // what is behind is out of reach
		got, err := c.decode(cut)
		var failed *flow.PacketError
		if !errors.As(err, &failed) || failed.Offset > n {
			t.Fatalf("cut to %d octets: %v", n, err)
		}
		want := 0
		if n >= firstEnd {
			want = 1
		}
		if len(got) != want {
			t.Fatalf("cut to %d octets: %d records, want %d", n, len(got), want)
		}
		if named := n >= 28 && c.source().Device().Interface(3) != nil; named != (n >= secondEnd) {
			t.Fatalf("cut to %d octets: interface known: %v", n, named)
		}
	}
}
