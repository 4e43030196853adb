package netflow_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

const (
	none  = int64(-1) // not said
	sent  = int64(unix) * 1e9
	start = sent - 5e9
	stop  = sent - 2e9
)

// times are when a record says the flow began and ended.
func times(r flow.Record) (from, to int64) {
	from, to = none, none
	if r.Has&flow.HasStart != 0 {
		from = r.Start
	}
	if r.Has&flow.HasEnd != 0 {
		to = r.End
	}
	return from, to
}

// TestTimes: the elements of RFC 5102 section 5.9 and RFC 5477 section 8.4, in an IPFIX message.
func TestTimes(t *testing.T) {
	const boot = unix*1000 - 60_000
	for name, test := range map[string]struct {
		fields   []spec
		record   []byte
		from, to int64
	}{
		"seconds":                                       {[]spec{{150, 4}, {151, 4}}, join(u32(unix-5), u32(unix-2)), start, stop},
		"milliseconds":                                  {[]spec{{152, 8}, {153, 8}}, join(u64(unix*1000-5000), u64(unix*1000-2000)), start, stop},
		"microseconds":                                  {[]spec{{154, 8}, {155, 8}}, join(ntp(unix-5, 0), ntp(unix-3, 1<<31)), start, stop - 5e8},
		"nanoseconds":                                   {[]spec{{156, 8}, {157, 8}}, join(ntp(unix-5, 1), ntp(unix-3, 1<<30)), start, stop - 75e7},
		"the last NTP fraction of a second":             {[]spec{{156, 8}}, ntp(unix-5, 1<<32-1), start + 999_999_999, none},
		"the least NTP time":                            {[]spec{{156, 8}}, u64(2_208_988_800 << 32), 0, none},
		"microseconds since 1970 instead":               {[]spec{{154, 8}, {155, 8}}, join(u64((unix-5)*1e6), u64((unix-2)*1e6)), start, stop},
		"nanoseconds since 1970 instead":                {[]spec{{156, 8}, {157, 8}}, join(u64((unix-5)*1e9), u64((unix-2)*1e9)), start, stop},
		"zero is no time":                               {[]spec{{150, 4}, {153, 8}, {154, 8}, {157, 8}}, make([]byte, 28), none, none},
		"zero hides no other":                           {[]spec{{150, 4}, {152, 8}, {156, 8}}, join(u32(unix-5), make([]byte, 16)), start, none},
		"microseconds before the export":                {[]spec{{158, 4}, {159, 4}}, join(u32(5_000_000), u32(2_000_000)), start, stop},
		"start and duration in milliseconds":            {[]spec{{161, 4}, {152, 8}}, join(u32(3000), u64(unix*1000-5000)), start, stop},
		"end and duration in microseconds":              {[]spec{{153, 8}, {162, 4}}, join(u64(unix*1000-2000), u32(3_000_000)), start, stop},
		"both and a duration":                           {[]spec{{161, 4}, {150, 4}, {151, 4}}, join(u32(60_000), u32(unix-5), u32(unix-2)), start, stop},
		"a duration alone":                              {[]spec{{161, 4}}, u32(3000), none, none},
		"observed, in seconds":                          {[]spec{{322, 4}}, u32(unix - 2), none, stop},
		"observed, in milliseconds":                     {[]spec{{323, 8}}, u64(unix*1000 - 2000), none, stop},
		"observed, in microseconds":                     {[]spec{{324, 8}}, ntp(unix-2, 0), none, stop},
		"observed, in nanoseconds":                      {[]spec{{325, 8}}, ntp(unix-2, 0), none, stop},
		"collected":                                     {[]spec{{258, 8}}, u64(unix*1000 - 2000), none, stop},
		"an end goes before an observation":             {[]spec{{151, 4}, {323, 8}}, join(u32(unix-2), u64(unix*1000)), none, stop},
		"the better of several":                         {[]spec{{156, 8}, {152, 8}, {150, 4}}, join(ntp(unix-5, 1<<31), u64(unix*1000-4000), u32(unix-9)), start + 5e8, none},
		"uptime, and nobody said since when":            {[]spec{{22, 4}, {21, 4}}, join(u32(55_000), u32(58_000)), none, none},
		"uptime, since when is in the record":           {[]spec{{160, 8}, {22, 4}, {21, 4}}, join(u64(boot), u32(55_000), u32(58_000)), start, stop},
		"since when stands behind":                      {[]spec{{22, 4}, {21, 4}, {160, 8}}, join(u32(55_000), u32(58_000), u64(boot)), start, stop},
		"since when is zero":                            {[]spec{{160, 8}, {22, 4}}, join(u64(0), u32(55_000)), none, none},
		"since when cannot be":                          {[]spec{{160, 8}, {22, 4}}, join(u64(1<<63), u32(55_000)), none, none},
		"uptime, wrapped since":                         {[]spec{{160, 8}, {22, 4}, {21, 4}}, join(u64(unix*1000-1<<32-1000), u32(1<<32-4000), u32(1<<32-1000)), start, stop},
		"behind a name: since when":                     {[]spec{{22, 4}, {371, anyOctets}, {21, 4}, {160, 8}}, join(u32(55_000), short([]byte("ann")), u32(58_000), u64(boot)), start, stop},
		"behind a name: the less exact":                 {[]spec{{152, 8}, {371, anyOctets}, {150, 4}}, join(u64(unix*1000-5000), short([]byte("ann")), u32(unix-9)), start, none},
		"behind a name: start of a duration":            {[]spec{{161, 4}, {371, anyOctets}, {152, 8}}, join(u32(3000), short(nil), u64(unix*1000-5000)), start, stop},
		"behind a name: the better start of a duration": {[]spec{{150, 4}, {161, 4}, {371, anyOctets}, {152, 8}}, join(u32(unix-9), u32(3000), short(nil), u64(unix*1000-5000)), start, stop},
		"a time of variable length":                     {[]spec{{152, anyOctets}, {150, 4}}, join(short(u64(unix*1000-5000)), u32(unix-9)), start, none},
	} {
		t.Run(name, func(t *testing.T) {
			r := one10(t, test.record, test.fields...)
			if from, to := times(r); from != test.from || to != test.to {
				t.Errorf("from %d to %d, want %d to %d", from, to, test.from, test.to)
			}
		})
	}
}

// TestTimesBehindNames: fields of variable length change the way times are read; what else the record says is there, and kept, as ever.
func TestTimesBehindNames(t *testing.T) {
	c := keeping(flow.KeepAll)
	fields := []spec{{1, 4}, {153, 8}, {12, 2, vendor}, {371, anyOctets}, {151, 4}, {2, 4}, {13, 2, vendor}, {list, anyOctets}, {136, 1}}
	record := join(u32(7), u64(unix*1000-2000), u16(1), short([]byte("ann")), u32(unix-9), u32(9), u16(2), short(basicList(spec{14, 4}, u32(3))), []byte{3})
	r := c.only(t, message10(0, 1, template10(300, fields...), set(300, record)))
	if from, to := times(r); from != none || to != stop || r.Bytes != 7 || r.Packets != 9 || r.Output != 3 || string(r.Details.User) != "ann" || r.Details.EndReason != 3 ||
		extras(r) != "99999/12=0001 99999/13=0002" {
		t.Errorf("%+v, %+v, %q", r, r.Details, extras(r))
	}
}

// TestUptimeOfNetFlow9 with a wrap between the flow and the packet.
func TestUptimeOfNetFlow9(t *testing.T) {
	h := header9(1, 1)
	binary.BigEndian.PutUint32(h[4:], 500)
	r := newCollector(exporter.Limits{}).only(t, join(h, set(0, template(300, 22, 4, 21, 4)), set(300, u32(1<<32-4500), u32(1<<32-1500))))
	if from, to := times(r); from != start || to != stop {
		t.Errorf("from %d to %d", from, to)
	}
}

// TestInitializedInOptions: systemInitTimeMilliseconds (160) of option records holds for the messages behind, for what waits, and for what
// comes later in the same message.
func TestInitializedInOptions(t *testing.T) {
	initialized := join(options10(400, 1, spec{144, 4}, spec{160, 8}), set(400, u32(1), u64(unix*1000-60_000)))
	data, record := template10(300, spec{22, 4}, spec{21, 4}), set(300, u32(55_000), u32(58_000))
	for name, test := range map[string]struct {
		packets [][]byte
		known   bool
	}{
		"before":                       {[][]byte{message10(0, 1, initialized), message10(1, 1, data, record)}, true},
		"in the same message":          {[][]byte{message10(0, 1, data, initialized, record)}, true},
		"data wait for their template": {[][]byte{message10(0, 1, record), message10(1, 1, initialized), message10(2, 1, data)}, true},
		"another domain":               {[][]byte{message10(0, 2, initialized), message10(0, 1, data, record)}, false},
		"after":                        {[][]byte{message10(0, 1, data, record, initialized)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := times(newCollector(exporter.Limits{}).only(t, test.packets...))
			if test.known && (from != start || to != stop) || !test.known && (from != none || to != none) {
				t.Errorf("from %d to %d", from, to)
			}
		})
	}
}

// TestInitializedDoesNotReplaceUptime: a NetFlow v9 header says the uptime, which holds though the clock was set since the exporter started.
func TestInitializedDoesNotReplaceUptime(t *testing.T) {
	c := newCollector(exporter.Limits{})
	c.must(t, join(header9(0, 1), set(1, optionsTemplate(400, 1, 4, 160, 8)), set(400, u32(1), u64(1000))))
	r := c.only(t, join(header9(1, 1), set(0, template(300, 22, 4, 21, 4)), set(300, u32(uptime-5000), u32(uptime-2000))))
	if from, to := times(r); from != start || to != stop {
		t.Errorf("from %d to %d", from, to)
	}
}

// TestClocks: an exporter's clock may be wrong by hours, or never have been set. What it says is moved by as much, what is left over and
// cannot be is forgotten.
func TestClocks(t *testing.T) {
	const limit = time.Hour
	take := received.UnixNano()
	clock := func(at int64, fields []spec, record []byte) []byte {
		m := message10(0, 1, template10(300, fields...), set(300, record))
		binary.BigEndian.PutUint32(m[4:], uint32(at))
		return m
	}
	absolute := []spec{{152, 8}, {153, 8}}
	span := func(at int64) []byte { return join(u64(uint64(at*1000-5000)), u64(uint64(at*1000-2000))) }
	for name, test := range map[string]struct {
		packet                 []byte
		skew                   time.Duration
		from, to               int64
		corrected, implausible uint64
	}{
		"right":                                  {clock(unix, absolute, span(unix)), limit, start, stop, 0, 0},
		"a little ahead":                         {clock(unix+600, absolute, span(unix+600)), limit, start + 600e9, stop + 600e9, 0, 0},
		"six hours ahead":                        {clock(unix+6*3600, absolute, span(unix+6*3600)), limit, take - 5e9, take - 2e9, 1, 0},
		"six hours behind":                       {clock(unix-6*3600, absolute, span(unix-6*3600)), limit, take - 5e9, take - 2e9, 1, 0},
		"since 1970":                             {clock(1000, absolute, span(1000)), limit, take - 5e9, take - 2e9, 1, 0},
		"never moved":                            {clock(1000, absolute, span(1000)), 0, 995e9, 998e9, 0, 0},
		"times of 1970 by a clock that is right": {clock(unix, absolute, span(1000)), limit, none, none, 0, 2},
		"times of tomorrow by a clock that is right":  {clock(unix, absolute, span(unix+86_400)), limit, none, none, 0, 2},
		"only the start cannot be":                    {clock(unix, absolute, join(u64(1000), u64(unix*1000-2000))), limit, none, stop, 0, 1},
		"the end of time":                             {clock(1000, absolute, join(u64(1<<63/1_000_000), u64(unix))), limit, none, none, 1, 2},
		"before the export, by a clock that is wrong": {clock(1000, []spec{{158, 4}, {159, 4}}, join(u32(5_000_000), u32(2_000_000))), limit, take - 5e9, take - 2e9, 1, 0},
		"reverse times":                               {clock(unix, []spec{{152, 8}, {153, 8, reverse}}, join(u64(unix*1000-5000), u64(7))), limit, start, none, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := following(exporter.Policy{MaxSkew: test.skew})
			r := c.only(t, test.packet)
			if from, to := times(r); from != test.from || to != test.to {
				t.Errorf("from %d to %d, want %d to %d", from, to, test.from, test.to)
			}
			if s := c.total(); s.ClockCorrected != test.corrected || s.TimesImplausible != test.implausible {
				t.Errorf("%d corrected, %d implausible; want %d, %d", s.ClockCorrected, s.TimesImplausible, test.corrected, test.implausible)
			}
			if d := r.Details; d != nil && d.Has&flow.HasReverseEnd != 0 {
				t.Errorf("%+v", d)
			}
		})
	}
	// Both directions are moved.
	r := following(exporter.Policy{MaxSkew: limit}).only(t, clock(1000, []spec{{152, 8, reverse}, {153, 8, reverse}}, span(1000)))
	if d := r.Details; d.ReverseStart != take-5e9 || d.ReverseEnd != take-2e9 {
		t.Errorf("%+v", d)
	}
}

// TestTimestamp: what the document is filed under, and what stands in when that is not known.
func TestTimestamp(t *testing.T) {
	at := received.UnixNano()
	both, from, to, neither := []spec{{152, 8}, {153, 8}}, []spec{{152, 8}}, []spec{{153, 8}}, []spec{{1, 8}}
	starts, ends := u64(unix*1000-5000), u64(unix*1000-2000)
	for name, test := range map[string]struct {
		source exporter.Moment
		fields []spec
		record []byte
		skewed bool
		want   int64
	}{
		"end":                             {exporter.End, both, join(starts, ends), false, stop},
		"end is not said":                 {exporter.End, from, starts, false, start},
		"neither is said":                 {exporter.End, neither, u64(1), false, sent},
		"start":                           {exporter.Start, both, join(starts, ends), false, start},
		"start is not said":               {exporter.Start, to, ends, false, stop},
		"start, and neither is":           {exporter.Start, neither, u64(1), false, sent},
		"export":                          {exporter.Export, both, join(starts, ends), false, sent},
		"receive":                         {exporter.Receive, both, join(starts, ends), false, at},
		"export by a clock that is wrong": {exporter.Export, neither, u64(1), true, at},
		"end by a clock that is wrong":    {exporter.End, neither, u64(1), true, at},
	} {
		m := message10(0, 1, template10(300, test.fields...), set(300, test.record))
		if test.skewed {
			binary.BigEndian.PutUint32(m[4:], 1000)
		}
		if r := following(exporter.Policy{MaxSkew: time.Hour, Timestamp: test.source}).only(t, m); r.Timestamp != test.want {
			t.Errorf("%s: %d, want %d", name, r.Timestamp, test.want)
		}
	}
}
