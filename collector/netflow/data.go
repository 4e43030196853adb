package netflow

import (
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// maxPadding is the most octets that a data set may have behind its last record: to a boundary of 32 bits (RFC 3954 section 5.3), and in
// IPFIX to any that is smaller than a record (RFC 7011 section 3.3.1), of which exporters use 64 bits at most.
const (
	maxPadding  = 3
	maxPadding8 = 7
)

// data decodes the records of a data set. Left is how many octets at its end are neither a whole record nor padding.
func (d *Decoder) data(t *exporter.Template, body []byte, clock flow.Clock, sequence uint32, received int64) (left int) {
	m := &d.message
	if t.Options {
		return m.leftover(body, d.options(t, body))
	}
	c := &d.context
	c.Clock, c.Templates, c.Undecoded = clock, m.source, 0
	c.Dialect = m.source.Dialect()
	rest, dst := body, m.dst
	n := 0
	for {
		size := t.Program.Size(rest)
		if size == 0 {
			break
		}
		var r *flow.Record
		dst, r = flow.Append(dst)
		r.Exporter, r.Domain, r.Sequence, r.Format = m.from.Address, m.domain, sequence, m.format
		r.Received, r.Exported = received, clock.Unix
		t.Program.Decode(r, rest[:size], c)
		r.Settle()
		if t.Program.SaysSampling() {
			inlineSampling(r, t.Said(), rest[:size])
		}
		m.source.Complete(r, c.Arena)
		rest = rest[size:]
		n++
	}
	m.dst = dst
	m.records += n
	if c.Undecoded > 0 {
		m.source.Undecoded(c.Undecoded)
	}
	return m.leftover(body, rest)
}

// leftover is how much of what is left of a set is no padding. Some exporters pad with more than they need; zeros are no record.
func (m *message) leftover(body, rest []byte) int {
	most := maxPadding
	if m.format == flow.IPFIX {
		most = maxPadding8
	}
	if len(rest) < len(body) && len(rest) <= most || zero(rest) {
		return 0
	}
	return len(rest)
}

// releaseLimit is how many records one packet may yield before data sets that waited are dropped rather than decoded. Real records
// are far too long for that many to wait; it keeps a template of one octet from turning what waited into hundreds of megabytes.
const releaseLimit = 1 << 16

// release decodes the data that waited for a template.
func (d *Decoder) release(t *exporter.Template) {
	m := &d.message
	waited := m.source.Ready(t.ID)
	before := m.records + m.options
	defer func() { m.released += m.records + m.options - before }()
	for i, w := range waited {
		if len(m.dst) >= releaseLimit {
			m.source.Dropped(len(waited) - i)
			return
		}
		if d.data(t, w.Data, m.source.Clock(w.Clock), w.Sequence, w.Received) > 0 {
			m.source.Dropped(1)
		}
	}
}
