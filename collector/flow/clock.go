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

// Since returns the clock of an exporter that started at a Unix time in milliseconds (systemInitTimeMilliseconds, 160).
func (c Clock) Since(initialized uint64) Clock {
	if initialized == 0 || initialized > math.MaxInt64/1_000_000 {
		return c
	}
	return Clock{Unix: c.Unix, Uptime: uint32((c.Unix - int64(initialized)*1e6) / 1e6)}
}

// ntpEpoch is 1970 in seconds since 1900, where NTP begins to count (RFC 5905 section 6).
const ntpEpoch = 2_208_988_800

// ntp reads a time in NTP format, seconds since 1900 above a binary fraction (RFC 7011 sections 6.1.9 and 6.1.10), in Unix nanoseconds.
// Exporters that count units of so many nanoseconds since 1970 instead are understood too: as seconds since 1900 their numbers lie
// before 1970. A time of 0 is none.
func ntp(n, unit uint64) (int64, bool) {
	seconds, fraction := n>>32, n&math.MaxUint32
	switch {
	case n == 0:
		return 0, false
	case seconds >= ntpEpoch:
		return int64(seconds-ntpEpoch)*1e9 + int64(fraction*1e9>>32), true
	case n <= math.MaxInt64/unit:
		return int64(n * unit), true
	}
	return 0, false
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
