package netflow_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// The messages of these tests are made by hand, after RFC 7011 (IPFIX), RFC 6313 (lists) and RFC 5103 (reverse elements).

// spec is a field specifier: element, octets, and the enterprise number, 0 for IANA's (RFC 7011 section 3.2).
type spec [3]int

const (
	anyOctets = 65535 // of a field that says itself how long it is: RFC 7011 section 7
	reverse   = 29305 // RFC 5103 section 6.1
	vendor    = 99999 // a private enterprise number that nobody has
)

// message10 is an IPFIX message: RFC 7011 section 3.1.
func message10(sequence, domain int, sets ...[]byte) []byte {
	b := join(sets...)
	return join(u16(10), u16(16+len(b)), u32(unix), u32(sequence), u32(domain), b)
}

func specs(fields []spec) []byte {
	var b []byte
	for _, f := range fields {
		if f[2] == 0 {
			b = append(b, join(u16(f[0]), u16(f[1]))...)
			continue
		}
		b = append(b, join(u16(f[0]|1<<15), u16(f[1]), u32(f[2]))...)
	}
	return b
}

// template10 is a template set of one template: RFC 7011 section 3.4.1.
func template10(id int, fields ...spec) []byte {
	return set(2, u16(id), u16(len(fields)), specs(fields))
}

// options10 is an options template set of one template: RFC 7011 section 3.4.2.2.
func options10(id, scope int, fields ...spec) []byte {
	return set(3, u16(id), u16(len(fields)), u16(scope), specs(fields))
}

// short and long put a value into a field of variable length, with its length in one octet or in three: RFC 7011 section 7.
func short(v []byte) []byte { return join([]byte{byte(len(v))}, v) }
func long(v []byte) []byte  { return join([]byte{255}, u16(len(v)), v) }

func u64(n uint64) []byte       { return binary.BigEndian.AppendUint64(nil, n) }
func float32s(f float32) []byte { return binary.BigEndian.AppendUint32(nil, math.Float32bits(f)) }

// ntp is a moment in NTP format, given as Unix seconds and the binary fraction of a second.
func ntp(seconds uint64, fraction uint32) []byte {
	return u64((seconds+2_208_988_800)<<32 | uint64(fraction))
}

// basicList: RFC 6313 section 4.5.1, of any semantic.
func basicList(f spec, content ...[]byte) []byte {
	return join([]byte{255}, specs([]spec{f}), join(content...))
}

// subTemplateList: RFC 6313 section 4.5.2.
func subTemplateList(id int, records ...[]byte) []byte {
	return join([]byte{255}, u16(id), join(records...))
}

// subTemplateMultiList: RFC 6313 section 4.5.3.
func subTemplateMultiList(runs ...[]byte) []byte { return join([]byte{255}, join(runs...)) }

// run is what a subTemplateMultiList has of one template.
func run(id int, records ...[]byte) []byte {
	b := join(records...)
	return join(u16(id), u16(len(b)+4), b)
}

// following is a collector with a policy.
func following(p exporter.Policy) *collector {
	c := newCollector(exporter.Limits{})
	c.table.Apply(p)
	return c
}

// must decodes packets that are sound, and returns the records of the last one.
func (c *collector) must(t *testing.T, packets ...[]byte) []flow.Record {
	t.Helper()
	var got []flow.Record
	for i, p := range packets {
		var err error
		if got, err = c.decode(p); err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
	}
	return got
}

// only is must of a single record in the last packet.
func (c *collector) only(t *testing.T, packets ...[]byte) flow.Record {
	t.Helper()
	got := c.must(t, packets...)
	if len(got) != 1 {
		t.Fatalf("%d records, want one", len(got))
	}
	return got[0]
}

// one10 decodes a single record of an IPFIX template.
func one10(t *testing.T, record []byte, fields ...spec) flow.Record {
	t.Helper()
	return newCollector(exporter.Limits{}).only(t, message10(0, 1, template10(300, fields...), set(300, record)))
}

// total are the figures of all sources.
func (c *collector) total() exporter.Stats { return c.table.Snapshot().Total }
