package flow

import "math"

// Clock relates an exporter's sysUptime to Unix time.
type Clock struct {
	Unix   int64  // the exporter's time when it sent the packet, Unix nanoseconds
	Uptime uint32 // its uptime at that moment, milliseconds, wraps after 49.7 days
	// Unknown says that nobody told the uptime: IPFIX messages do not. Moments given as uptime are then no moments.
	Unknown bool
}

// At is the Unix time, in nanoseconds, of a moment given as uptime in milliseconds. The nearest moment is taken: up to 24.8 days
// before or after the packet, across a wrap of the counter.
func (c Clock) At(uptime uint32) int64 {
	return c.Unix - int64(int32(c.Uptime-uptime))*1e6
}

// Since completes a clock that lacks the uptime with when the exporter started, in Unix milliseconds (systemInitTimeMilliseconds, 160). A
// header that says the uptime is believed, because it is of now.
func (c Clock) Since(initialized uint64) Clock {
	if !c.Unknown || initialized == 0 || initialized > math.MaxInt64/1_000_000 {
		return c
	}
	return Clock{Unix: c.Unix, Uptime: uint32((c.Unix - int64(initialized)*1e6) / 1e6)}
}

// ntpEpoch is 1970 in seconds since 1900, where NTP begins to count (RFC 5905 section 6).
const ntpEpoch = 2_208_988_800

// NTP reads a time in NTP format, seconds since 1900 above a binary fraction (RFC 7011 sections 6.1.9 and 6.1.10), in Unix nanoseconds. The
// seconds begin anew in 2036. Exporters that count units of so many nanoseconds since 1970 instead are understood too: read as seconds
// since 1900 their numbers lie before 1970, and read as what they are between 2000 and 2100. A time of 0 is none.
func NTP(n, unit uint64) (at int64, ok bool) {
	const (
		year2000 = 946_684_800e9 // Unix nanoseconds
		year2100 = 4_102_444_800e9
		era      = 1 << 32
	)
	seconds, fraction := int64(n>>32), int64(n&math.MaxUint32)
	switch {
	case n == 0:
		return 0, false
	case seconds >= ntpEpoch:
	case n <= year2100/unit && n*unit >= year2000:
		return int64(n * unit), true
	default:
		seconds += era
	}
	return (seconds-ntpEpoch)*1e9 + fraction*1e9>>32, true
}

// Shift moves all times that the exporter said.
func (r *Record) Shift(by int64) {
	r.Start += by
	r.End += by
	if d := r.Details; d != nil {
		d.ReverseStart += by
		d.ReverseEnd += by
	}
}
