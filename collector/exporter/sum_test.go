package exporter

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func TestSum(t *testing.T) {
	a, b, c := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")
	at := time.Unix(1_700_000_000, 0)
	one := Snapshot{
		Sources: []SourceStats{
			{Key: Key{Address: a}, LastSeen: at, Stats: Stats{Packets: 1, Templates: 4, Waiting: 1}},
			{Key: Key{Address: c}, LastSeen: at, Stats: Stats{Packets: 7}},
		},
		Devices: []DeviceStats{{Address: a, RateLimited: 1, Dropped: 2, Rows: Rows{Users: 3}}, {Address: c}},
		Total:   Stats{Packets: 8}, Evicted: 1, Ended: 2, RowsForgotten: 3, Dropped: 5, Refused: map[string]uint64{"too_short": 1},
	}
	two := Snapshot{
		Sources: []SourceStats{
			{Key: Key{Address: a}, LastSeen: at.Add(time.Second), Stats: Stats{Packets: 10, Templates: 5}},
			{Key: Key{Address: b}, LastSeen: at, Stats: Stats{Packets: 20}},
		},
		Devices: []DeviceStats{{Address: a, RateLimited: 10, Dropped: 20, Rows: Rows{Users: 1}}, {Address: b}},
		Total:   Stats{Packets: 30}, Evicted: 10, Ended: 20, RowsForgotten: 30, Dropped: 50, Refused: map[string]uint64{"too_short": 10, "not_allowed": 1},
	}
	want := Snapshot{
		Sources: []SourceStats{
			{Key: Key{Address: a}, LastSeen: at.Add(time.Second), Stats: Stats{Packets: 11, Templates: 5}},
			{Key: Key{Address: b}, LastSeen: at, Stats: Stats{Packets: 20}},
			{Key: Key{Address: c}, LastSeen: at, Stats: Stats{Packets: 7}},
		},
		Devices: []DeviceStats{{Address: a, RateLimited: 11, Dropped: 22, Rows: Rows{Users: 3}}, {Address: b}, {Address: c}},
		Total:   Stats{Packets: 38}, Evicted: 11, Ended: 22, RowsForgotten: 33, Dropped: 55, Refused: map[string]uint64{"too_short": 11, "not_allowed": 1},
	}
	if got := Sum(one, two); !reflect.DeepEqual(got, want) {
		t.Errorf("sum\n%+v\nwant\n%+v", got, want)
	}
	if got := Sum(one); !reflect.DeepEqual(got, one) {
		t.Errorf("sum of one\n%+v", got)
	}
}

// TestSumOfALiveAndARestoredSource: wherever the reader that hears of an exporter stands in the list, its traffic and what it says now are there.
func TestSumOfALiveAndARestoredSource(t *testing.T) {
	key := Key{Address: netip.MustParseAddr("192.0.2.1")}
	at := time.Unix(1_700_000_000, 0)
	restored := Snapshot{Sources: []SourceStats{{Key: key, LastSeen: at.Add(-time.Hour), WaitingSince: time.Unix(0, 0), Stats: Stats{Templates: 3}}}}
	live := Snapshot{Sources: []SourceStats{{
		Key: key, LastSeen: at, WaitingSince: at.Add(-time.Second), Stats: Stats{Packets: 5, Templates: 4, Waiting: 2},
		Traffic: Traffic{Octets: 1000, Packets: 10, Interval: 100, Sampling: flow.SamplingOptions, Skew: time.Second},
	}}}
	before := Snapshot{Sources: []SourceStats{{ // of a reader that heard of it until there were more readers
		Key: key, LastSeen: at.Add(-time.Minute), Stats: Stats{Packets: 7, Waiting: 1}, Traffic: Traffic{Octets: 1, Packets: 2, Interval: 7},
	}}}
	want := live.Sources[0]
	want.Packets, want.Traffic.Octets, want.Traffic.Packets = 12, 1001, 12
	for _, order := range [][]Snapshot{{restored, live, before}, {before, restored, live}, {live, before, restored}} {
		if got := Sum(order...).Sources; len(got) != 1 || got[0] != want {
			t.Errorf("got\n%+v\nwant\n%+v", got, want)
		}
	}
}
