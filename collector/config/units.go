package config

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// ByteSize is a number of octets. Its text has a binary or decimal unit: 512, 64KiB, 4MB, 1.5GiB.
type ByteSize int64

var byteUnits = []struct {
	name string
	size float64
}{
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"GB", 1e9},
	{"MB", 1e6},
	{"kB", 1e3},
	{"KB", 1e3},
	{"B", 1},
}

// ParseByteSize reads a size.
func ParseByteSize(text string) (ByteSize, error) {
	number, unit := strings.TrimSpace(text), 1.0
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.size
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 || math.IsInf(n, 0) || math.IsNaN(n) || n*unit > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is not a size; write it like 4MiB, 512KiB or 1048576", text)
	}
	return ByteSize(n * unit), nil
}

// String is the shortest exact form with a binary unit.
func (b ByteSize) String() string {
	for _, u := range byteUnits[:3] {
		if size := ByteSize(u.size); b >= size && b%size == 0 {
			return strconv.FormatInt(int64(b/size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// ParseRate reads a sampling interval of a network: 192.0.2.0/24=1000. An address is a network of one.
func ParseRate(text string) (netip.Prefix, uint32, error) {
	network, interval, found := strings.Cut(text, "=")
	prefix, err := ParseNetwork(strings.TrimSpace(network))
	n, numberErr := strconv.ParseUint(strings.TrimSpace(interval), 10, 32)
	if !found || err != nil || numberErr != nil || n == 0 {
		return netip.Prefix{}, 0, fmt.Errorf("%q is not a network with a sampling interval; write it like 192.0.2.0/24=1000", text)
	}
	return prefix, uint32(n), nil
}

// Duration is a span of time. Its text is Go's, and may begin with days of 24 hours: 500ms, 1s, 1m30s, 30d, 1d12h.
type Duration time.Duration

// ParseDuration reads a span of time.
func ParseDuration(text string) (Duration, error) {
	const day, most = 24 * time.Hour, 100 * 365
	rest, days := text, int64(0)
	if number, after, found := strings.Cut(text, "d"); found {
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 0 || n > most || strings.HasPrefix(after, "-") {
			return 0, notDuration(text)
		}
		rest, days = after, n
	}
	d := time.Duration(0)
	if rest != "" || days == 0 && rest == text {
		var err error
		if d, err = time.ParseDuration(rest); err != nil {
			return 0, notDuration(text)
		}
	}
	return Duration(time.Duration(days)*day + d), nil
}

func notDuration(text string) error {
	return fmt.Errorf("%q is not a duration; write it like 500ms, 1s, 1m30s or 30d", text)
}

// String is the form people write: 1m0s is 1m.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
