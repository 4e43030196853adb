package schema

import (
	"encoding/binary"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func timestamp(dst []byte, r *flow.Record) []byte { return appendTime(dst, r.Timestamp) }

func start(dst []byte, r *flow.Record) []byte { return appendTime(dst, r.Start) }

func end(dst []byte, r *flow.Record) []byte { return appendTime(dst, r.End) }

// duration is absent where the end is before the beginning, or further from it than there are numbers for.
func duration(dst []byte, r *flow.Record) []byte {
	d := r.End - r.Start
	if r.End < r.Start || d < 0 {
		return dst
	}
	return appendUint(dst, uint64(d))
}

// appendTime appends Unix nanoseconds as "2006-01-02T15:04:05.000Z"; what is less than a millisecond is cut off. It is a fraction of the cost
// of time.AppendFormat. The civil date is computed as in C. Neri and L. Schneider, "Euclidean affine functions and their application to
// calendar algorithms" (2022), figure 12: days are counted from a 1 March before the year 0, so that they are not negative.
func appendTime(dst []byte, ns int64) []byte {
	const (
		eras  = 82 // of 400 years, before the year 0
		shift = 719468 + 146097*eras
		day   = 86400
	)
	seconds := ns / 1e9
	ns -= seconds * 1e9
	if ns < 0 {
		ns += 1e9
		seconds--
	}
	ms := uint32(ns) / 1e6
	since := uint64(seconds + shift*day)
	days := since / day
	clock := uint32(since - days*day)

	n1 := 4*uint32(days) + 3
	century := n1 / 146097
	n2 := n1%146097 | 3
	p2 := 2939745 * uint64(n2)
	year := 100*century + uint32(p2>>32) - 400*eras
	dayOfYear := uint32(p2) / 2939745 / 4
	n3 := 2141*dayOfYear + 197913
	month, dayOfMonth := n3>>16, n3&0xffff/2141+1
	if dayOfYear >= 306 { // January and February belong to the year before
		month -= 12
		year++
	}

	at := len(dst)
	dst = append(dst, `"2006-01-02T15:04:05.000Z"`...)
	to := (*[26]byte)(dst[at:])
	put := func(i int, n uint32) { binary.LittleEndian.PutUint16(to[i:], pairs[n]) }
	put(1, year/100)
	put(3, year%100)
	put(6, month)
	put(9, dayOfMonth)
	put(12, clock/3600)
	put(15, clock/60%60)
	put(18, clock%60)
	to[21] = byte('0' + ms/100)
	put(22, ms%100)
	return dst
}
