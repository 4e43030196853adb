package page

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestFigures(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{rate(0), "0"},
		{rate(0.04), "0.0"},
		{rate(3.25), "3.2"},
		{rate(12.34), "12.3"},
		{rate(999.4), "999"},
		{rate(999.6), "1.00_k"},
		{rate(18_446), "18.4_k"},
		{rate(123_456_789), "123_M"},
		{bits(0), "0_bit/s"},
		{bits(2.5e9), "2.50_Gbit/s"},
		{rate(math.Inf(1)), "∞"},
		{octets(uint64(1500)), "1.50_kB"},
		{percent(0), "0_%"},
		{percent(1e-9), "<_0.01_%"},
		{percent(0.0004), "0.04_%"},
		{percent(0.0129), "1.3_%"},
		{percent(2), "100_%"},
		{span(90 * time.Second), "90_s"},
		{span(40 * time.Millisecond), "40_ms"},
		{span(-3 * time.Hour), "−3_h"},
		{span(3*time.Hour + 7*time.Minute), "3_h 7_min"},
		{span(50 * time.Hour), "2_d 2_h"},
		{ago(time.Unix(100, 0), time.Unix(90, 0)), "10_s ago"},
		{ago(time.Unix(100, 0), time.Time{}), "never"},
		{count(-1234), "-1~234"},
		{count(uint64(123456)), "123~456"},
		{count(12), "12"},
	} {
		want := strings.NewReplacer("_", gap, "~", narrow).Replace(test.want)
		if test.got != want {
			t.Errorf("got %q, want %q", test.got, want)
		}
	}
}

func TestGraphsKeepPeaksOfLoss(t *testing.T) {
	points := make([]Point, 1800)
	points[901].Drops = 7
	_, _, drops := graphs(points, 1800)
	if drops.Most != 7 || drops.Empty {
		t.Errorf("got %+v", drops)
	}
	if l := line(nil, 10, 100, 10); !l.Empty || l.Stroke != "" {
		t.Errorf("nothing becomes %+v", l)
	}
	if l := line([]float64{1, 2}, 3, 100, 12); l.Stroke != `d="M50 6L100 1"` {
		t.Errorf("got %s", l.Stroke)
	}
}
