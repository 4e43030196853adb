package main

import (
	"slices"
	"strings"
	"testing"
)

func TestGroups(t *testing.T) {
	got := groups([][]byte{
		[]byte(`{"source":{"geo":{"city_name":"Graz","location":{"lon":1,"lat":2}}}}`),
		[]byte(`{"source":{"ip":"::1"},"destination":{"as":{"number":1}},"x":1}`),
	})
	if s := strings.Join(got, " "); s != "source.ip source.geo destination.as" {
		t.Errorf("groups %s", s)
	}
}

func TestReport(t *testing.T) {
	var place, source field
	place.Inverted.Total, place.Points, place.Values, place.Total = 100, 200, 300, 600
	source.Stored, source.Total = 900, 900
	r := &result{
		profile: "lean", bodies: &bodies{documents: 10, octets: 5000, gzipped: 800}, octets: 1500, source: 80,
		fields: map[string]field{"_source": source, "source.geo.city_name": place, "source.geo.region_name": place, "flow.tos": {Total: 0}},
		prices: map[string]float64{"source.geo": 19},
	}
	var b strings.Builder
	report(&b, []*result{r})
	for _, want := range []string{
		"| lean | 10 | 500 | 80 | **150.0** | ≤ 120 | no |\n",
		"| source.geo | 20.0 | 40.0 | 60.0 | 0.0 | 19.0 | 139.0 |\n| _source | 0.0 | 0.0 | 0.0 | 90.0 | 0.0 | 90.0 |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "flow.tos") {
		t.Errorf("a field that costs nothing is listed:\n%s", b.String())
	}
	if err := verdict([]*result{r}); err == nil || err.Error() != "a flow takes 150.0 octets in the profile lean, more than 120" {
		t.Errorf("the verdict is %v", err)
	}
	r.octets = 1200
	b.Reset()
	if report(&b, []*result{r}); !strings.Contains(b.String(), "| yes |") || verdict([]*result{r}) != nil {
		t.Errorf("the goal does not hold at its limit:\n%s", b.String())
	}
}

// The pieces of a block are compressed each by itself, and all of a block is.
func TestStoredIsLikeLucene(t *testing.T) {
	document := []byte(strings.Repeat(`{"source":{"ip":"192.0.2.1"}}`, 10))
	many := slices.Repeat([][]byte{document}, 4000) // more than two blocks
	one, all := stored(many[:1]), stored(many)
	if one < 30 || one > 150 || all < 20*one || all > 200*one {
		t.Errorf("one document takes %d octets, %d take %d", one, len(many), all)
	}
	if stored(nil) != 0 {
		t.Error("no documents take octets")
	}
}
