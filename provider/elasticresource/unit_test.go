package elasticresource

import (
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	for text, want := range map[string]time.Duration{"30d": 720 * time.Hour, "1s": time.Second, "90m": 90 * time.Minute, "36h": 36 * time.Hour} {
		if got, err := ParseTime(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "30", "d", "0d", "-1d", "1.5d", "30D", "1w", "30ms", "99999999d", " 1d", "1d "} {
		if got, err := ParseTime(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
	for text, want := range map[string]int64{"50gb": 50 << 30, "1b": 1, "500mb": 500 << 20} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "50", "gb", "0gb", "1.5gb", "50GB", "50gib", "999999999pb"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

// FuzzUnits: what is shown is read back, and nothing is negative.
func FuzzUnits(f *testing.F) {
	f.Add("30d")
	f.Add("50gb")
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseTime(text); err == nil {
			if again, err := ParseTime(ShowTime(d)); err != nil || again != d || d <= 0 {
				t.Errorf("%q is %d, shown as %s", text, d, ShowTime(d))
			}
		}
		if size, err := ParseSize(text); err == nil && size <= 0 {
			t.Errorf("%q is %d", text, size)
		}
	})
}
