package exporter

import (
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Traffic is what the flow records of a source say.
type Traffic struct {
	Octets, Packets uint64              // of layer 3, scaled by the sampling; both only grow
	Interval        uint32              // of the sampling of the record that came last; 0 and 1 are all packets
	Sampling        flow.SamplingSource // who said so
	Skew            time.Duration       // how far the exporter's clock is behind ours, by its latest packet with records; the way takes part of it
}

// traffic gathers what records say until the packet is counted: an atomic addition for each record would be felt.
type traffic struct {
	octets, packets uint64 // since then
	interval        uint32
	sampling        flow.SamplingSource
	skew            int64

	totalOctets, totalPackets atomic.Uint64
	lastSampling, lastSkew    atomic.Int64
}

func (t *traffic) take(r *flow.Record) {
	octets, packets := r.Bytes, r.Packets
	if d := r.Details; d != nil {
		octets, packets = octets+d.ReverseBytes, packets+d.ReversePackets
	}
	t.octets += r.Sampling.Scale(octets)
	t.packets += r.Sampling.Scale(packets)
	t.interval, t.sampling, t.skew = r.Sampling.Interval, r.Sampling.Source, r.Received-r.Exported
}

// publish makes it visible to other goroutines.
func (t *traffic) publish() {
	t.totalOctets.Add(t.octets)
	t.totalPackets.Add(t.packets)
	t.lastSampling.Store(int64(t.interval)<<8 | int64(t.sampling))
	t.lastSkew.Store(t.skew)
	t.octets, t.packets = 0, 0
}

func (t *traffic) snapshot() Traffic {
	sampling := t.lastSampling.Load()
	return Traffic{
		Octets: t.totalOctets.Load(), Packets: t.totalPackets.Load(),
		Interval: uint32(sampling >> 8), Sampling: flow.SamplingSource(sampling & 0xff), Skew: time.Duration(t.lastSkew.Load()),
	}
}
