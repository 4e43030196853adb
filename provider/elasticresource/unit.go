package elasticresource

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Elasticsearch's units of time and of sizes, as far as anybody has use for them. "API conventions", "Time units", "Byte size units".
var (
	timeUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	sizeUnits = map[string]int64{"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40, "pb": 1 << 50}

	timePattern = regexp.MustCompile(`^([1-9][0-9]{0,8})([smhd])$`)
	sizePattern = regexp.MustCompile(`^([1-9][0-9]{0,8})([kmgtp]?b)$`)
)

// ParseTime reads a time such as 30d.
func ParseTime(text string) (time.Duration, error) {
	parts := timePattern.FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("%q is not a time such as 30d, 12h, 90m or 30s", text)
	}
	number, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || number > int64(100*365*24*time.Hour/timeUnits[parts[2]]) {
		return 0, fmt.Errorf("%q is more than 100 years", text)
	}
	return time.Duration(number) * timeUnits[parts[2]], nil
}

// ParseSize reads a size such as 50gb, in octets.
func ParseSize(text string) (int64, error) {
	parts := sizePattern.FindStringSubmatch(text)
	if parts == nil {
		return 0, fmt.Errorf("%q is not a size such as 50gb or 500mb", text)
	}
	number, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || number > (1<<62)/sizeUnits[parts[2]] {
		return 0, fmt.Errorf("%q is more than Elasticsearch can reckon with", text)
	}
	return number * sizeUnits[parts[2]], nil
}

// ShowTime is the inverse of ParseTime, in the largest unit that it is a multiple of.
func ShowTime(d time.Duration) string {
	for _, unit := range []string{"d", "h", "m"} {
		if d%timeUnits[unit] == 0 {
			return strconv.FormatInt(int64(d/timeUnits[unit]), 10) + unit
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}
