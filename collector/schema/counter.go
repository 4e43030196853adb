package schema

import (
	"math"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// sentBytes are the octets from source to destination, of all packets.
func sentBytes(r *flow.Record) uint64 { return r.Sampling.Scale(r.Bytes) }

func sentPackets(r *flow.Record) uint64 { return r.Sampling.Scale(r.Packets) }

// exportedBytes are the octets in both directions, as exported.
func exportedBytes(r *flow.Record) uint64 {
	if r.Details == nil {
		return r.Bytes
	}
	return add(r.Bytes, r.Details.ReverseBytes)
}

func exportedPackets(r *flow.Record) uint64 {
	if r.Details == nil {
		return r.Packets
	}
	return add(r.Packets, r.Details.ReversePackets)
}

// add two counters: at most the greatest there is.
func add(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

func networkBytes(dst []byte, r *flow.Record) []byte {
	return appendLong(dst, r.Sampling.Scale(exportedBytes(r)))
}

func networkPackets(dst []byte, r *flow.Record) []byte {
	return appendLong(dst, r.Sampling.Scale(exportedPackets(r)))
}

func sourceBytes(dst []byte, r *flow.Record) []byte { return appendLong(dst, sentBytes(r)) }

func sourcePackets(dst []byte, r *flow.Record) []byte { return appendLong(dst, sentPackets(r)) }

// destinationBytes are there where the exporter counts both directions.
func destinationBytes(dst []byte, r *flow.Record) []byte {
	if r.Details == nil || r.Details.Has&flow.HasReverseBytes == 0 {
		return dst
	}
	return appendLong(dst, r.Sampling.Scale(r.Details.ReverseBytes))
}

func destinationPackets(dst []byte, r *flow.Record) []byte {
	if r.Details == nil || r.Details.Has&flow.HasReversePackets == 0 {
		return dst
	}
	return appendLong(dst, r.Sampling.Scale(r.Details.ReversePackets))
}

func samplingInterval(dst []byte, r *flow.Record) []byte {
	return appendUint(dst, uint64(r.Sampling.Interval))
}

func samplingSource(dst []byte, r *flow.Record) []byte {
	if r.Sampling.Interval <= 1 && r.Sampling.Source != flow.SamplingMissing {
		return dst
	}
	return appendName(dst, r.Sampling.Source.String())
}

// sampledBytes are as they were exported, where that is not what the document has as network.bytes.
func sampledBytes(dst []byte, r *flow.Record) []byte { return appendLong(dst, exportedBytes(r)) }

func sampledPackets(dst []byte, r *flow.Record) []byte { return appendLong(dst, exportedPackets(r)) }
