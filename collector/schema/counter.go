package schema

import (
	"math"
	"strconv"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// exportedBytes are the octets in both directions, as exported.
func exportedBytes(r *flow.Record) uint64 {
	if r.Details == nil {
		return r.Bytes
	}
	return sum(r.Bytes, r.Details.ReverseBytes)
}

func exportedPackets(r *flow.Record) uint64 {
	if r.Details == nil {
		return r.Packets
	}
	return sum(r.Packets, r.Details.ReversePackets)
}

// totalBytes are the octets of all packets in both directions.
func totalBytes(r *flow.Record) uint64 { return r.Sampling.Scale(exportedBytes(r)) }

func totalPackets(r *flow.Record) uint64 { return r.Sampling.Scale(exportedPackets(r)) }

// sum of two counters, at most the greatest there is.
func sum(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// oneWay puts a counter of one direction, where the exporter counts both.
func oneWay(has flow.DetailFields, get func(*flow.Record) uint64) putFn {
	return func(dst []byte, r *flow.Record) ([]byte, bool) {
		if r.Details == nil || r.Details.Has&has == 0 {
			return dst, false
		}
		return appendLong(dst, r.Sampling.Scale(get(r))), true
	}
}

func samplingInterval(dst []byte, r *flow.Record) ([]byte, bool) {
	return strconv.AppendUint(dst, uint64(r.Sampling.Interval), 10), r.Sampling.Interval > 1
}

func samplingSource(dst []byte, r *flow.Record) ([]byte, bool) {
	return appendName(dst, r.Sampling.Source.String()), r.Sampling.Interval > 1 || r.Sampling.Source == flow.SamplingMissing
}

// sampled puts a counter as it was exported, where that is not what the document has for it.
func sampled(has flow.Fields, get func(*flow.Record) uint64) putFn {
	return func(dst []byte, r *flow.Record) ([]byte, bool) {
		if r.Has&has == 0 || r.Sampling.Interval <= 1 {
			return dst, false
		}
		return appendLong(dst, get(r)), true
	}
}

// appendLong appends what fits Elasticsearch's long, which is signed.
func appendLong(dst []byte, n uint64) []byte { return strconv.AppendUint(dst, min(n, 1<<63-1), 10) }
