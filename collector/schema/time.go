package schema

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

func timestamp(dst []byte, r *flow.Record) ([]byte, bool) {
	return appendTime(dst, r.Timestamp), true
}

func start(dst []byte, r *flow.Record) ([]byte, bool) {
	if r.Has&flow.HasStart == 0 {
		return dst, false
	}
	return appendTime(dst, r.Start), true
}

func duration(dst []byte, r *flow.Record) ([]byte, bool) {
	if r.Has&(flow.HasStart|flow.HasEnd) != flow.HasStart|flow.HasEnd || r.End < r.Start {
		return dst, false
	}
	return appendInt(dst, r.End-r.Start), true
}

// appendTime writes Unix nanoseconds as "2006-01-02T15:04:05.000Z". It is a tenth of the cost of time.AppendFormat.
// The civil date is computed as in H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days counted from 0000-03-01).
func appendTime(dst []byte, ns int64) []byte {
	const day = 86400
	ms := floorDiv(ns, 1e6)
	seconds := floorDiv(ms, 1000)
	ms -= seconds * 1000
	days := floorDiv(seconds, day)
	clock := seconds - days*day

	days += 719468
	era := floorDiv(days, 146097)
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	month := (5*dayOfYear + 2) / 153
	dayOfMonth := dayOfYear - (153*month+2)/5 + 1
	year := yearOfEra + era*400
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	return append(dst, '"',
		digit(year/1000), digit(year/100), digit(year/10), digit(year), '-', digit(month/10), digit(month), '-', digit(dayOfMonth/10), digit(dayOfMonth),
		'T', digit(clock/36000), digit(clock/3600%10), ':', digit(clock/600%6), digit(clock/60%10), ':', digit(clock/10%6), digit(clock%10),
		'.', digit(ms/100), digit(ms/10), digit(ms), 'Z', '"')
}

func digit(n int64) byte { return byte('0' + n%10) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
