package conformance_test

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestFixtures compares every record of the captures in this repository with what tshark reads in the same packets.
func TestFixtures(t *testing.T) {
	check(t, fixtures(t))
}

// TestCaptures does so for other people's captures.
func TestCaptures(t *testing.T) {
	check(t, captures(t))
}

func check(t *testing.T, inputs []input) {
	t.Helper()
	for _, in := range inputs {
		t.Run(in.name, func(t *testing.T) {
			t.Parallel()
			compare(t, in)
		})
	}
}

func compare(t *testing.T, in input) {
	t.Helper()
	l := newLedger(t, in.name, "tshark")
	protocol := "cflow"
	if in.sampled() {
		protocol = "sflow"
	}
	theirs := tshark(t, in.file, protocol, netflowPort)
	reader := cflow{t: t, options: map[string]bool{}}
	d := newDecoder()
	for i, p := range in.packets {
		records, err := d.decode(nil, p.payload, exporter.Origin{Address: p.from}, p.received)
		if err != nil {
			l.note(i, difference{"packet", err.Error(), "no fault"})
		}
		if theirs[i] == nil {
			l.note(i, difference{"packet", strconv.Itoa(len(records)) + " records", "nothing it knows"})
			continue
		}
		var want []facts
		if in.sampled() {
			var counters map[uint32]facts
			want, counters = samples(t, theirs[i], p.received)
			compareCounters(l, i, d.table.Source(key(p), p.received).Device(), counters)
		} else {
			want = reader.records(theirs[i])
		}
		if len(records) != len(want) {
			l.note(i, difference{"number of records", strconv.Itoa(len(records)), strconv.Itoa(len(want))})
			continue
		}
		for j := range records {
			l.compared++
			ours := ourFacts(&records[j])
			if !in.sampled() {
				delete(ours, "sampling") // tshark does not put it together
			}
			for _, difference := range differences(withoutZeros(ours), withoutZeros(want[j])) {
				l.note(i, difference)
			}
		}
	}
	l.close()
}

// key is the source of an sFlow datagram, whose tables have the counters. The sub-agent stands behind the agent's address.
func key(p packet) exporter.Key {
	const ipv4, version4 = 12, 1 // offset of the sub-agent, type of address
	at := ipv4
	if binary.BigEndian.Uint32(p.payload[4:]) != version4 {
		at += 12
	}
	return exporter.Key{Address: p.from, Format: flow.SFlow5, Domain: binary.BigEndian.Uint32(p.payload[at:])}
}

// compareCounters compares what the device's tables say of interfaces after a packet.
func compareCounters(l *ledger, packet int, device *exporter.Device, counters map[uint32]facts) {
	for index, want := range counters {
		l.compared++
		i := device.Interface(index)
		if i == nil {
			l.note(packet, difference{"counters", "", fmt.Sprint(want)})
			continue
		}
		for _, d := range differences(ourCounters(i.Counters), want) {
			l.note(packet, d)
		}
	}
}
