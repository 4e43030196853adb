package netflow_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// described is a message with an option record.
func described(domain int, record []byte, fields ...spec) []byte {
	return message10(0, domain, options10(400, 1, fields...), set(400, record))
}

// TestSamplingByOptions: IANA's and NetFlow v9's elements (34, 35, 48 to 50), and those of PSAMP (RFC 5477 section 8.2).
func TestSamplingByOptions(t *testing.T) {
	options := func(interval uint32, sampler uint64) flow.Sampling {
		return flow.Sampling{Sampler: sampler, Interval: interval, Source: flow.SamplingOptions}
	}
	bySampler := []spec{{48, 2}, {1, 4}}
	record := join(u16(5), u32(1500))
	for name, test := range map[string]struct {
		options []byte
		fields  []spec
		record  []byte
		want    flow.Sampling
	}{
		"samplerId, samplerRandomInterval":            {described(1, join(u16(5), []byte{2}, u32(100)), spec{48, 2}, spec{49, 1}, spec{50, 4}), bySampler, record, options(100, 5)},
		"samplerId, samplingInterval":                 {described(1, join(u16(5), u32(100), []byte{1}), spec{48, 2}, spec{34, 4}, spec{35, 1}), bySampler, record, options(100, 5)},
		"selectorId, one in so many, space between":   {described(1, join(u64(5), u32(1), u32(99)), spec{302, 8}, spec{305, 4}, spec{306, 4}), []spec{{302, 8}}, u64(5), options(100, 5)},
		"ten in a row, ninety between":                {described(1, join(u64(5), u32(10), u32(90)), spec{302, 8}, spec{305, 4}, spec{306, 4}), []spec{{302, 8}}, u64(5), options(10, 5)},
		"an interval without a space":                 {described(1, join(u64(5), u32(64)), spec{302, 8}, spec{305, 4}), []spec{{302, 8}}, u64(5), options(64, 5)},
		"a space of none":                             {described(1, join(u64(5), u32(3), u32(0)), spec{302, 8}, spec{305, 4}, spec{306, 4}), []spec{{302, 8}}, u64(5), options(1, 5)},
		"size and population":                         {described(1, join(u64(5), u32(2), u32(1000)), spec{302, 8}, spec{309, 4}, spec{310, 4}), []spec{{302, 8}}, u64(5), options(500, 5)},
		"a population less than the sample":           {described(1, join(u64(5), u32(20), u32(10)), spec{302, 8}, spec{309, 4}, spec{310, 4}), []spec{{302, 8}}, u64(5), flow.Sampling{Sampler: 5, Source: flow.SamplingMissing}},
		"probability":                                 {described(1, join(u64(5), float32s(0.001)), spec{302, 8}, spec{311, 4}), []spec{{302, 8}}, u64(5), options(1000, 5)},
		"a probability that cannot be":                {described(1, join(u64(5), float32s(2)), spec{302, 8}, spec{311, 4}), []spec{{302, 8}}, u64(5), flow.Sampling{Sampler: 5, Source: flow.SamplingMissing}},
		"a probability that is no number":             {described(1, join(u64(5), u32(0x7fc00000)), spec{302, 8}, spec{311, 4}), []spec{{302, 8}}, u64(5), flow.Sampling{Sampler: 5, Source: flow.SamplingMissing}},
		"the least probability":                       {described(1, join(u64(5), u32(1)), spec{302, 8}, spec{311, 4}), []spec{{302, 8}}, u64(5), options(1<<32-1, 5)},
		"the exporting process":                       {described(1, join(u32(1), u32(100)), spec{144, 4}, spec{34, 4}), []spec{{1, 4}}, u32(1), options(100, 0)},
		"the interface that it came in by":            {described(1, join(u32(3), u32(100)), spec{10, 4}, spec{34, 4}), []spec{{10, 4}}, u32(3), options(100, 0)},
		"another interface":                           {described(1, join(u32(3), u32(100)), spec{10, 4}, spec{34, 4}), []spec{{10, 4}}, u32(4), flow.Sampling{}},
		"another domain of the device":                {described(2, join(u16(5), u32(100)), spec{48, 2}, spec{34, 4}), bySampler, record, options(100, 5)},
		"another domain's process":                    {described(2, join(u32(1), u32(100)), spec{144, 4}, spec{34, 4}), []spec{{1, 4}}, u32(1), flow.Sampling{}},
		"a sampler nobody described":                  {described(1, join(u16(6), u32(100)), spec{48, 2}, spec{34, 4}), bySampler, record, flow.Sampling{Sampler: 5, Source: flow.SamplingMissing}},
		"nothing is described":                        {message10(0, 1), bySampler, record, flow.Sampling{Sampler: 5, Source: flow.SamplingMissing}},
		"an interval of zero says nothing":            {described(1, join(u16(5), u32(0)), spec{48, 2}, spec{34, 4}), bySampler, record, flow.Sampling{Sampler: 5, Source: flow.SamplingMissing}},
		"of v9, scope system":                         {join(header9(0, 1), set(1, optionsTemplate(400, 1, 4, 34, 4, 35, 1), []byte{0, 0}), set(400, u32(0), u32(100), []byte{2})), nil, nil, options(100, 0)},
		"of v9, scope interface":                      {join(header9(0, 1), set(1, optionsTemplate(400, 2, 4, 50, 4), []byte{0, 0}), set(400, u32(3), u32(100))), nil, nil, options(100, 0)},
		"of v9, scope interface, sampler in the data": {join(header9(0, 1), set(1, optionsTemplate(400, 2, 4, 48, 1, 50, 4)), set(400, u32(3), []byte{7}, u32(100))), nil, nil, flow.Sampling{}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(exporter.Limits{})
			var r flow.Record
			if test.fields == nil {
				r = c.only(t, test.options, join(header9(1, 1), set(0, template(300, 10, 2, 1, 4)), set(300, u16(3), u32(1))))
			} else {
				r = c.only(t, test.options, message10(1, 1, template10(300, test.fields...), set(300, test.record)))
			}
			if r.Sampling != test.want {
				t.Errorf("%+v, want %+v", r.Sampling, test.want)
			}
		})
	}
}

// TestSamplingInTheRecord goes before that of options.
func TestSamplingInTheRecord(t *testing.T) {
	in := func(interval uint32) flow.Sampling {
		return flow.Sampling{Interval: interval, Source: flow.SamplingRecord}
	}
	for name, test := range map[string]struct {
		fields []spec
		record []byte
		want   flow.Sampling
	}{
		"samplingInterval":             {[]spec{{34, 4}, {35, 1}}, join(u32(100), []byte{1}), in(100)},
		"samplerRandomInterval":        {[]spec{{50, 2}}, u16(100), in(100)},
		"packet interval and space":    {[]spec{{305, 4}, {306, 4}}, join(u32(1), u32(99)), in(100)},
		"space first":                  {[]spec{{306, 4}, {1, 4}, {305, 4}}, join(u32(99), u32(7), u32(1)), in(100)},
		"behind a name":                {[]spec{{371, anyOctets}, {309, 4}, {310, 4}}, join(short([]byte("ann")), u32(1), u32(100)), in(100)},
		"probability of 8 octets":      {[]spec{{311, 8}}, u64(0x3f847ae147ae147b), in(100)}, // 0.01
		"zero says nothing":            {[]spec{{34, 4}}, u32(0), flow.Sampling{Interval: 50, Source: flow.SamplingOptions}},
		"nothing in the record":        {[]spec{{1, 4}}, u32(1), flow.Sampling{Interval: 50, Source: flow.SamplingOptions}},
		"sampler and interval":         {[]spec{{48, 1}, {34, 4}}, join([]byte{9}, u32(100)), flow.Sampling{Sampler: 9, Interval: 100, Source: flow.SamplingRecord}},
		"packets looked at are a list": {[]spec{{305, anyOctets}, {306, anyOctets}}, join(short([]byte{1}), short([]byte{99})), in(100)},
	} {
		c := newCollector(exporter.Limits{})
		r := c.only(t, described(1, join(u32(1), u32(50)), spec{144, 4}, spec{34, 4}), message10(1, 1, template10(300, test.fields...), set(300, test.record)))
		if r.Sampling != test.want {
			t.Errorf("%s: %+v, want %+v", name, r.Sampling, test.want)
		}
	}
}

// TestSamplerDescribedLater: until then records come through, marked.
func TestSamplerDescribedLater(t *testing.T) {
	c := newCollector(exporter.Limits{})
	record := set(300, u16(5), u32(1))
	r := c.only(t, message10(0, 1, template10(300, spec{48, 2}, spec{1, 4}), record))
	if r.Sampling != (flow.Sampling{Sampler: 5, Source: flow.SamplingMissing}) || r.Bytes != 1 {
		t.Errorf("%+v", r)
	}
	for _, interval := range []int{100, 200} { // and it may change
		r = c.only(t, described(1, join(u16(5), u32(interval)), spec{48, 2}, spec{34, 4}), message10(1, 1, record))
		if r.Sampling != (flow.Sampling{Sampler: 5, Interval: uint32(interval), Source: flow.SamplingOptions}) {
			t.Errorf("%+v", r)
		}
	}
	// Two domains with a sampler of the same id: each its own.
	r = c.only(t, described(2, join(u16(5), u32(7)), spec{48, 2}, spec{34, 4}), message10(1, 1, record))
	if r.Sampling.Interval != 200 {
		t.Errorf("%+v", r)
	}
}

// TestConfiguredRates: the longest network that has the exporter counts; it fills in, or with Override goes before everything.
func TestConfiguredRates(t *testing.T) {
	rate := func(network string, interval uint32, override bool) exporter.Rate {
		return exporter.Rate{Network: netip.MustParsePrefix(network), Interval: interval, Override: override}
	}
	configured := func(interval uint32, sampler uint64) flow.Sampling {
		return flow.Sampling{Sampler: sampler, Interval: interval, Source: flow.SamplingConfigured}
	}
	v5 := packet5(1, 1, record5(1))
	v5[22], v5[23] = 0x40, 100
	plain := message10(0, 1, octets10, set(256, u32(1)))
	missing := message10(0, 1, template10(300, spec{48, 2}), set(300, u16(5)))
	inline := message10(0, 1, template10(300, spec{34, 4}), set(300, u32(20)))
	for name, test := range map[string]struct {
		rates  []exporter.Rate
		packet []byte
		want   flow.Sampling
	}{
		"fills in":                         {[]exporter.Rate{rate("192.0.2.0/24", 10, false)}, plain, configured(10, 0)},
		"fills in for a missing sampler":   {[]exporter.Rate{rate("192.0.2.0/24", 10, false)}, missing, configured(10, 5)},
		"not before the header":            {[]exporter.Rate{rate("192.0.2.0/24", 10, false)}, v5, flow.Sampling{Interval: 100, Source: flow.SamplingHeader}},
		"not before the record":            {[]exporter.Rate{rate("192.0.2.0/24", 10, false)}, inline, flow.Sampling{Interval: 20, Source: flow.SamplingRecord}},
		"told to, before the header":       {[]exporter.Rate{rate("192.0.2.0/24", 10, true)}, v5, configured(10, 0)},
		"told to, before the record":       {[]exporter.Rate{rate("192.0.2.0/24", 10, true)}, inline, configured(10, 0)},
		"told to: every packet":            {[]exporter.Rate{rate("192.0.2.0/24", 1, true)}, v5, configured(1, 0)},
		"the longest network":              {[]exporter.Rate{rate("0.0.0.0/0", 1, false), rate("192.0.2.1/32", 30, false), rate("192.0.2.0/24", 10, false)}, plain, configured(30, 0)},
		"told to, before a longer network": {[]exporter.Rate{rate("192.0.2.1/32", 30, false), rate("192.0.2.0/24", 10, true)}, v5, configured(10, 0)},
		"another network":                  {[]exporter.Rate{rate("198.51.100.0/24", 10, true), rate("2001:db8::/32", 10, true)}, plain, flow.Sampling{}},
	} {
		if r := following(exporter.Policy{Rates: test.rates}).only(t, test.packet); r.Sampling != test.want {
			t.Errorf("%s: %+v, want %+v", name, r.Sampling, test.want)
		}
	}
}

// TestSamplersAreBounded: more than a device may describe are counted, and cost no record.
func TestSamplersAreBounded(t *testing.T) {
	c := newCollector(exporter.Limits{OptionRows: 4})
	records := make([][]byte, 100)
	for i := range records {
		records[i] = binary.BigEndian.AppendUint32(u16(i+1), 100)
	}
	c.must(t, message10(0, 1, options10(400, 1, spec{48, 2}, spec{34, 4}), set(400, records...)))
	if s := c.total(); s.OptionsRefused == 0 || s.Options != 100 || c.table.Snapshot().Devices[0].Rows.Samplers != 4 {
		t.Errorf("%+v, %+v", s, c.table.Snapshot().Devices)
	}
	if r := c.only(t, message10(100, 1, template10(300, spec{48, 2}), set(300, u16(99)))); r.Sampling.Source != flow.SamplingMissing {
		t.Errorf("%+v", r)
	}
}
