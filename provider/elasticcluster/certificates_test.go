package elasticcluster

import (
	"testing"
	"time"
)

func TestDaysUntil(t *testing.T) {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	now = func() time.Time { return at }
	t.Cleanup(func() { now = time.Now })
	for left, want := range map[time.Duration]int64{
		0: 0, time.Hour: 0, 24 * time.Hour: 1, 47 * time.Hour: 1, -time.Second: -1, -24 * time.Hour: -1, -25 * time.Hour: -2,
	} {
		if got := daysUntil(at.Add(left)); got != want {
			t.Errorf("%s: %d, not %d", left, got, want)
		}
	}
}
