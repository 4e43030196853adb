package functions_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/flowstack/terraform-provider-flowstack/provider/functions"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func TestHeap(t *testing.T) {
	const mib, gib = int64(1 << 20), int64(1 << 30)
	both := []string{"kibana", "collector"}
	for _, c := range []struct {
		memory int64
		beside []string
		want   string // or what the error says
	}{
		{36 * gib, both, "12g"}, // the manual procedure's
		{8 * gib, nil, "4g"},
		{7 * gib, nil, "3584m"},
		{8_325_316_608, nil, "3840m"}, // what a machine with 8 GiB says
		{8_325_316_608 + 4096, nil, "3840m"},
		{16 * gib, []string{"collector"}, "5376m"},
		{64 * gib, nil, "30g"},
		{1 << 50, both, "30g"},
		{512 * mib, nil, "256m"},
		{512 * mib, both, "a third of 512 MiB of memory is too little"},
		{511 * mib, nil, "a half of 511 MiB of memory is too little"},
		{16384, nil, "it is given in octets"},
		{0, nil, "are none"},
		{-1, nil, "are none"},
		{8 * gib, []string{"postgres"}, "known are collector, kibana"},
		{8 * gib, []string{"kibana", "kibana"}, "named twice"},
	} {
		got, err := functions.Heap(c.memory, c.beside)
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%d beside %q: %s, want %s", c.memory, c.beside, got, c.want)
		}
	}
}

// TestHeapIsBounded: whatever the memory, the heap is at most its share and the line of compressed pointers, and wastes less than a step.
func TestHeapIsBounded(t *testing.T) {
	for memory := int64(1 << 29); memory < 1<<40; memory += memory/7 + 4096 {
		text, err := functions.Heap(memory, nil)
		if err != nil {
			t.Fatal(err)
		}
		number, err := strconv.ParseInt(text[:len(text)-1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		heap := number << map[byte]int{'m': 20, 'g': 30}[text[len(text)-1]]
		if best := min(memory/2, 30<<30); heap > best || heap <= best-256<<20 || heap >= 31<<30 {
			t.Errorf("%d of %d", heap, memory)
		}
	}
}

func TestDiskSizing(t *testing.T) {
	got, err := functions.DiskSizing(1000, 30, nil)
	want := functions.Disk{
		Flows: 2_592_000_000, BytesPerFlow: 113.5, PrimaryBytes: 294_192_000_000, DailyBytes: 9_806_400_000, Bytes: 398_024_470_589, Shards: 6,
	}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = functions.DiskSizing(1000, 30, map[string]string{"profile": "full", "replicas": "1"})
	if err != nil || got.PrimaryBytes != 504_662_400_000 || got.DailyBytes != 33_644_160_000 || got.Shards != 20 || got.Bytes <= 2*got.PrimaryBytes {
		t.Errorf("full with a replica: %+v, %v", got, err)
	}
	if got, err := functions.DiskSizing(0.001, 0.1, nil); err != nil || got.Shards != 1 || got.Flows != 9 {
		t.Errorf("next to nothing: %+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		rate, days float64
		options    map[string]string
		want       string
	}{
		"rate":     {0, 1, nil, "0 flows/s are no rate"},
		"negative": {-5, 1, nil, "-5 flows/s are no rate"},
		"not one":  {math.NaN(), 1, nil, "are no rate"},
		"days":     {1, 0, nil, "0 days are no time"},
		"eternity": {1, math.Inf(1), nil, "are no time"},
		"too much": {1e9, 36500, map[string]string{"replicas": "10"}, "more than can be reckoned"},
		"profile":  {1, 1, map[string]string{"profile": "all"}, `no figure for the profile "all"; there is one for full and lean`},
		"replicas": {1, 1, map[string]string{"replicas": "one"}, `"one" is no number of replicas`},
		"option":   {1, 1, map[string]string{"replica": "1"}, `no option "replica"`},
	} {
		if got, err := functions.DiskSizing(c.rate, c.days, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestFiguresAreThoseMeasured reads the table that the measurement wrote.
func TestFiguresAreThoseMeasured(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(providertest.Root(t), "docs", "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for profile, figure := range functions.BytesPerFlow {
		row := regexp.MustCompile(`(?m)^\| ` + profile + ` \|.*\| \*\*([0-9.]+)\*\* \|`).FindSubmatch(page)
		if row == nil {
			t.Errorf("docs/performance.md has no row for %s", profile)
			continue
		}
		if got := strconv.FormatFloat(figure, 'f', -1, 64); got != string(row[1]) {
			t.Errorf("%s: %s octets a flow were measured, disk_sizing reckons with %s", profile, row[1], got)
		}
	}
}

func TestFunctions(t *testing.T) {
	output := func(expression string) string {
		return providertest.Preamble + "output \"it\" { value = provider::flowstack::" + expression + " }\n"
	}
	is := func(check knownvalue.Check) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("it", check)}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: output(`jvm_heap(17179869184)`), ConfigStateChecks: is(knownvalue.StringExact("8g"))},
			{Config: output(`jvm_heap(36 * pow(2, 30), "collector", "kibana")`), ConfigStateChecks: is(knownvalue.StringExact("12g"))},
			{Config: output(`jvm_heap(16)`), ExpectError: regexp.MustCompile(`16 octets are no machine's\s+memory`)},
			{Config: output(`jvm_heap(17179869184, "nginx")`), ExpectError: regexp.MustCompile(`(?s)"nginx" is nothing that is known`)},
			{
				Config: output(`disk_sizing(1000, 30)`),
				ConfigStateChecks: is(knownvalue.ObjectExact(map[string]knownvalue.Check{
					"flows": knownvalue.Int64Exact(2_592_000_000), "bytes_per_flow": knownvalue.Float64Exact(113.5),
					"primary_bytes": knownvalue.Int64Exact(294_192_000_000), "daily_bytes": knownvalue.Int64Exact(9_806_400_000),
					"bytes": knownvalue.Int64Exact(398_024_470_589), "shards": knownvalue.Int64Exact(6),
				})),
			},
			{
				Config:            output(`disk_sizing(1000, 30, { profile = "full", replicas = 1 }).shards`),
				ConfigStateChecks: is(knownvalue.Int64Exact(20)),
			},
			{Config: output(`disk_sizing(-1, 30)`), ExpectError: regexp.MustCompile(`-1 flows/s are no rate`)},
			{Config: output(`disk_sizing(1, 30, {}, {})`), ExpectError: regexp.MustCompile(`one argument of options at\s+most`)},
		},
	})
}
