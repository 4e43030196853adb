package dashboards

import (
	"strings"
	"testing"
)

func TestWrongDefinitionsAreFound(t *testing.T) {
	good := Query{Buckets: []Terms{{"source.ip", 10, ""}}, Metrics: []Metric{sumBytes}}
	view := func(visuals ...Visual) []View {
		cells := make([]Cell, 0, len(visuals))
		for _, v := range visuals {
			cells = append(cells, Cell{Width: Columns / len(visuals), Visual: v})
		}
		return []View{{Name: "view", Title: "View", Rows: []Row{{5, cells}}}}
	}
	table := func(change func(q *Query)) []View {
		q := good
		change(&q)
		return view(Table{Info{Name: "a"}, q})
	}
	lead := view(Table{Info{Name: "a"}, good})
	lead[0].Rows[0].Cells[0].Drill = "away"
	narrow := view(Table{Info{Name: "a"}, good})
	narrow[0].Rows[0].Cells[0].Width = 47
	for wrong, views := range map[string][]View{
		"documents of flows have no such": table(func(q *Query) { q.Buckets = []Terms{{"source.address", 10, ""}} }),
		"cannot be grouped by":            table(func(q *Query) { q.Buckets = []Terms{{"source.geo.location", 10, ""}} }),
		"cannot be summed up":             table(func(q *Query) { q.Metrics = []Metric{{Sum, "source.ip", ""}} }),
		"cannot be ordered":               table(func(q *Query) { q.Metrics = []Metric{{Max, "source.ip", ""}} }),
		"the count has a field":           table(func(q *Query) { q.Metrics = []Metric{{Count, "source.ip", ""}} }),
		"there is no function":            table(func(q *Query) { q.Metrics = []Metric{{"median", "network.bytes", ""}} }),
		"it has no metric":                table(func(q *Query) { q.Metrics = nil }),
		"cannot be searched for":          table(func(q *Query) { q.Filter = Is("network.bytes", "1") }),
		"has no value":                    table(func(q *Query) { q.Filter = Is("source.ip") }),
		"has an empty part":               table(func(q *Query) { q.Filter = Not(Filter{}) }),
		"it asks for 101 values":          table(func(q *Query) { q.Buckets = []Terms{{"source.ip", 101, ""}} }),
		"it asks for 0 values":            table(func(q *Query) { q.Buckets = []Terms{{"source.ip", 0, ""}} }),
		"it asks for 10000 buckets":       table(func(q *Query) { q.Buckets = []Terms{{"source.ip", 100, ""}, {"source.port", 100, ""}} }),
		"say 9 values: 10 to 10000":       table(func(q *Query) { q.ShardSize = 9 }),
		"say 10001 values":                table(func(q *Query) { q.ShardSize = 10_001 }),
		"of 2 levels of buckets":          table(func(q *Query) { q.Buckets, q.ShardSize = []Terms{{"source.ip", 10, ""}, {"source.port", 10, ""}}, 100 }),
		"of 0 levels of buckets":          table(func(q *Query) { q.Buckets, q.ShardSize = nil, 100 }),
		"it asks for 60 lines":            view(TimeSeries{Info: Info{Name: "a"}, Metric: sumBytes, By: &Terms{"source.ip", 60, ""}}),
		"a rate is of a sum":              view(Rate{Info{Name: "a"}, Filter{}, Metric{Max, "network.bytes", ""}, PerSecond}),
		"greatest value, not by a sum":    view(TimeSeries{Info: Info{Name: "a"}, Metric: sumBytes, Unit: Octets}),
		"it is no rate":                   view(Rate{Info{Name: "a"}, Filter{}, Metric{Max, "network.bytes", ""}, Octets}),
		"documents of health have no":     view(Table{own("a", "", ""), good}),
		"lines by a field and by":         view(TimeSeries{Info: Info{Name: "a"}, Metric: sumBytes, By: &Terms{"source.ip", 6, ""}, Lines: []Line{{}}}),
		"figures have no buckets":         view(Figures{Info{Name: "a"}, good}),
		"field nothing":                   view(Documents{Info{Name: "a"}, Filter{}, []string{"nothing"}}),
		"field network.community_id":      view(Controls{Info{Name: "a"}, []Control{{"network.community_id", ""}}}),
		"no specification":                view(Vega{Info: Info{Name: "a"}}),
		"another visual is called a":      view(Table{Info{Name: "a", Title: "1"}, good}, Table{Info{Name: "a", Title: "2"}, good}),
		"two views view":                  append(view(Table{Info{Name: "a"}, good}), view(Table{Info{Name: "a"}, good})...),
		"leads to the view away":          lead,
		"row 1 is 47 wide":                narrow,
		`"A b" of width 48`:               view(Table{Info{Name: "A b"}, good}),
	} {
		if err := checkAll(views); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if err := checkAll(view(Table{Info{Name: "a"}, good})); err != nil {
		t.Error(err)
	}
}

func TestFilter(t *testing.T) {
	f := Both(Is("network.transport", "tcp"), Either(Is("flow.tcp_flags", "RST", "FIN"), Not(Exists("event.action"))), Not(Either(Is("source.port", "80"), Is("source.port", "443"))))
	const kql = `network.transport: "tcp" and (flow.tcp_flags: ("RST" or "FIN") or not event.action: *) and not (source.port: "80" or source.port: "443")`
	if got := f.KQL(); got != kql {
		t.Errorf("%s", got)
	}
	const dsl = `{"bool":{"filter":[{"term":{"network.transport":"tcp"}},{"bool":{"minimum_should_match":1,"should":[{"terms":{"flow.tcp_flags":["RST","FIN"]}},` +
		`{"bool":{"must_not":[{"exists":{"field":"event.action"}}]}}]}},{"bool":{"must_not":[{"bool":{"minimum_should_match":1,"should":[{"term":{"source.port":"80"}},{"term":{"source.port":"443"}}]}}]}}]}}`
	if got := string(encode(f.DSL())); got != dsl {
		t.Errorf("%s", got)
	}
}
