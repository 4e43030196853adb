package exporter

// samplerKey names a sampler. Ids are of an exporting process, which is a domain of a format; anyDomain is the one that was described last,
// whoever of the format did.
type samplerKey struct {
	domain uint64 // and above it the format
	id     uint64
}

func (s *Source) samplerOf(domain, id uint64) samplerKey {
	return samplerKey{uint64(s.Key.Format)<<formatShift | domain, id}
}

const (
	formatShift = 40 // bits that the domain leaves free
	anyDomain   = 1 << 32
	// ofInterface marks the id of the sampler of an interface, whose records name none.
	ofInterface = 1 << 63
)

// DescribeSampler records that a sampler of the source looks at one of so many packets. The id 0 stands for all packets of the source
// whose records name no sampler.
func (s *Source) DescribeSampler(id uint64, interval uint32) {
	s.stored(s.table.describeSampler(s.host, s.samplerOf(uint64(s.Key.Domain), id), interval))
	if id != 0 {
		s.stored(s.table.describeSampler(s.host, s.samplerOf(anyDomain, id), interval))
	}
}

// DescribeInterfaceSampler records that of the packets coming in by an interface one of so many is looked at.
func (s *Source) DescribeInterfaceSampler(index, interval uint32) {
	s.stored(s.table.describeSampler(s.host, s.samplerOf(anyDomain, ofInterface|uint64(index)), interval))
}

func (t *Table) describeSampler(h *host, key samplerKey, interval uint32) bool {
	old, known := h.device.sampler(key)
	if interval == 0 || known && old == interval {
		return true
	}
	d := t.row(h, samplerTable, known, 0)
	if d != nil {
		d.samplers[key] = interval
	}
	return d != nil
}

// Sampler returns the interval of a sampler: as the source described it, or else another source of the device. Ok is false when nobody did.
func (s *Source) Sampler(id uint64) (interval uint32, ok bool) {
	d := s.host.device
	if interval, ok = d.sampler(s.samplerOf(uint64(s.Key.Domain), id)); !ok && id != 0 {
		interval, ok = d.sampler(s.samplerOf(anyDomain, id))
	}
	return interval, ok
}

func (d *Device) sampler(key samplerKey) (interval uint32, ok bool) {
	if d == nil {
		return 0, false
	}
	interval, ok = d.samplers[key]
	return interval, ok
}
