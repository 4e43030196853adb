package netflow

import (
	"encoding/binary"
	"math"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// Elements that describe a sampler: IANA, RFC 5477 section 8.2, and those of NetFlow v9.
const (
	samplingInterval       = 34
	samplerID              = 48
	samplerRandomInterval  = 50
	selectionSequenceID    = 301
	selectorID             = 302
	samplingPacketInterval = 305 // packets looked at in a row
	samplingPacketSpace    = 306 // packets not looked at in between
	samplingSize           = 309 // packets chosen
	samplingPopulation     = 310 // of so many
	samplingProbability    = 311 // float
)

// sampler gathers what the fields of a record say about sampling.
type sampler struct {
	id                   uint64 // of a sampler or selector
	selection            uint64 // selection sequence, of a report about one
	interval             uint64
	taken, space         uint64
	size, population     uint64
	probability          float64
	hasSpace, hasSampler bool
}

// take reads a field, and tells whether it is about sampling.
func (s *sampler) take(f flow.FieldSpec, v []byte) bool {
	if f.Enterprise != 0 || len(v) == 0 || len(v) > 8 {
		return false
	}
	switch f.ID {
	case samplerID, selectorID:
		s.id, s.hasSampler = flow.Number(v), true
	case selectionSequenceID:
		s.selection = flow.Number(v)
	case samplingInterval, samplerRandomInterval:
		if n := flow.Number(v); n != 0 {
			s.interval = n
		}
	case samplingPacketInterval:
		s.taken = flow.Number(v)
	case samplingPacketSpace:
		s.space, s.hasSpace = flow.Number(v), true
	case samplingSize:
		s.size = flow.Number(v)
	case samplingPopulation:
		s.population = flow.Number(v)
	case samplingProbability:
		switch len(v) {
		case 4:
			s.probability = float64(math.Float32frombits(binary.BigEndian.Uint32(v)))
		case 8:
			s.probability = math.Float64frombits(binary.BigEndian.Uint64(v))
		}
	default:
		return false
	}
	return true
}

// rate is one of how many packets the sampler looks at, rounded; 0 when the fields do not say.
func (s *sampler) rate() uint32 {
	n := float64(s.interval)
	switch {
	case s.interval != 0:
	case s.taken != 0 && s.hasSpace:
		n = (float64(s.taken) + float64(s.space)) / float64(s.taken)
	case s.taken != 0:
		n = float64(s.taken) // of exporters that mean an interval
	case s.size != 0 && s.population >= s.size:
		n = float64(s.population) / float64(s.size)
	case s.probability > 0 && s.probability <= 1:
		n = 1 / s.probability
	default:
		return 0
	}
	return uint32(min(math.Round(n), math.MaxUint32))
}

// inlineSampling reads the sampling that a data record says itself.
func inlineSampling(r *flow.Record, fields []flow.FieldSpec, data []byte) {
	var s sampler
	for f, v := range flow.Values(fields, data) {
		s.take(f, v)
	}
	if n := s.rate(); n != 0 {
		r.Sampling.Interval, r.Sampling.Source = n, flow.SamplingRecord
	}
}
