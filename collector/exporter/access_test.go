package exporter

import (
	"net/netip"
	"testing"
	"time"
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func TestAllowed(t *testing.T) {
	for name, test := range map[string]struct {
		allow   []netip.Prefix
		in, out []string
	}{
		"everybody":      {nil, []string{"192.0.2.1", "2001:db8::1"}, nil},
		"an address":     {prefixes("192.0.2.7/32"), []string{"192.0.2.7", "::ffff:192.0.2.7"}, []string{"192.0.2.6", "192.0.2.8", "::1"}},
		"a network":      {prefixes("192.0.2.0/24"), []string{"192.0.2.0", "192.0.2.255"}, []string{"192.0.1.255", "192.0.3.0", "2001:db8::1"}},
		"odd length":     {prefixes("10.128.0.0/11"), []string{"10.128.0.0", "10.159.255.255"}, []string{"10.127.255.255", "10.160.0.0"}},
		"IPv6":           {prefixes("2001:db8::/33"), []string{"2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"}, []string{"2001:db8:8000::", "192.0.2.1"}},
		"mapped":         {prefixes("::ffff:192.0.2.0/120"), []string{"192.0.2.9"}, []string{"192.0.3.9"}},
		"a zone":         {prefixes("fe80::/10"), []string{"fe80::1%eth0"}, []string{"fec0::1%eth0"}},
		"within another": {prefixes("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32"), []string{"10.0.0.0", "10.1.2.4", "10.255.255.255"}, []string{"11.0.0.0"}},
		"several, in no order": {
			prefixes("203.0.113.0/24", "2001:db8::/32", "192.0.2.0/25", "198.51.100.1/32"),
			[]string{"192.0.2.127", "198.51.100.1", "203.0.113.9", "2001:db8::9"},
			[]string{"192.0.2.128", "198.51.100.0", "203.0.112.255", "2001:db9::"},
		},
		"all of IPv4": {prefixes("0.0.0.0/0"), []string{"0.0.0.0", "255.255.255.255"}, []string{"::"}},
	} {
		t.Run(name, func(t *testing.T) {
			table := NewTable(Limits{Allow: test.allow})
			for _, a := range test.in {
				if !table.Allowed(netip.MustParseAddr(a)) || !table.Admit(netip.MustParseAddr(a), time.Unix(0, 0)) {
					t.Errorf("%s may not send", a)
				}
			}
			for _, a := range test.out {
				if table.Allowed(netip.MustParseAddr(a)) || table.Admit(netip.MustParseAddr(a), time.Unix(0, 0)) {
					t.Errorf("%s may send", a)
				}
			}
			if n := table.Snapshot().Refused["not_allowed"]; n != uint64(len(test.out)) {
				t.Errorf("%d refused", n)
			}
		})
	}
}

func TestRateLimit(t *testing.T) {
	const rate = 100
	table := NewTable(Limits{PacketsPerSecond: rate})
	fast, slow := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	now := time.Unix(1_700_000_000, 0)
	for _, a := range []netip.Addr{fast, slow} {
		table.Source(source(a), now)
	}
	admitted := func(a netip.Addr, packets int, span time.Duration) int {
		n := 0
		for range packets {
			now = now.Add(span / time.Duration(packets))
			if table.Admit(a, now) {
				n++
			}
		}
		return n
	}
	if n := admitted(fast, 1000, 0); n != rate {
		t.Errorf("a burst of %d, want %d", n, rate)
	}
	if n := admitted(slow, rate, time.Second); n != rate {
		t.Errorf("another exporter got %d of %d through", n, rate)
	}
	if n := admitted(fast, 10_000, 10*time.Second); n < 11*rate-1 || n > 11*rate {
		t.Errorf("%d within ten seconds after one of silence, want %d", n, 11*rate)
	}
	now = now.Add(-time.Hour)
	if n := admitted(fast, rate, time.Second); n != rate {
		t.Errorf("%d of %d after the clock was set back", n, rate)
	}
	// Who is not known yet is known from the first packet that makes a source.
	stranger := netip.MustParseAddr("192.0.2.3")
	if !table.Admit(stranger, now) {
		t.Error("the first packet is refused")
	}
	snap := table.Snapshot()
	if d := snap.Devices[0]; d.Address != fast || d.RateLimited != snap.Refused["rate_limited"] || d.RateLimited < 900+8900 || snap.Devices[1].RateLimited != 0 || len(snap.Devices) != 2 {
		t.Errorf("%+v, %v", snap.Devices, snap.Refused)
	}
}

func TestAdmitAllocatesNothing(t *testing.T) {
	table := NewTable(Limits{PacketsPerSecond: 1000, Allow: prefixes("192.0.2.0/24", "2001:db8::/32", "10.0.0.0/8")})
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	now := time.Unix(1_700_000_000, 0)
	if n := testing.AllocsPerRun(1000, func() {
		for _, address := range []netip.Addr{a, b} {
			if table.Admit(address, now) {
				table.Source(source(address), now).Count(10, 0)
			}
		}
		now = now.Add(time.Second)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
