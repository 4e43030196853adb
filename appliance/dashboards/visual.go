package dashboards

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/field"
	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/vega"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Visual is what a panel of a dashboard shows.
type Visual interface {
	About() Info
	// Requests are the bodies of the searches that it takes, by a name; none for a text.
	Requests(w Window) map[string]json.RawMessage

	check() error
	saved(c *context) saved
}

// Info names a visual.
type Info struct {
	Name        string // within all views: letters, digits and -, part of the id in Kibana
	Title       string
	Description string
	Of          *schema.Documents // what it is about; nil: flows
}

// About returns the names.
func (i Info) About() Info { return i }

// Documents are those that the visual is about.
func (i Info) Documents() *schema.Documents {
	if i.Of == nil {
		return schema.Flows
	}
	return i.Of
}

// minHealthBar: collectors write documents of health every so often (30 seconds, unless output.elasticsearch.health.interval says otherwise); narrower bars
// would show these moments, not what happened.
const minHealthBar = time.Minute

// Bar is the width of the bars of a date histogram.
func (i Info) Bar(w Window) time.Duration {
	if i.Documents() == schema.Health {
		return max(w.Interval(), minHealthBar)
	}
	return w.Interval()
}

// interval is Bar in Kibana's terms.
func (i Info) interval() string {
	if i.Documents() == schema.Health {
		return ">=1m"
	}
	return "auto"
}

// Table is a row for each bucket.
type Table struct {
	Info
	Query
}

// Donut is the share of each bucket in all.
type Donut struct {
	Info
	Query
}

// Figures are metrics of all documents, each a number.
type Figures struct {
	Info
	Query
}

// Unit is what a value over time is given in.
type Unit uint8

// The units.
const (
	BitsPerSecond Unit = iota // of octets
	PerSecond                 // of anything
	Seconds                   // as they are
	Octets                    // as they are
)

// IsRate tells whether a value is one by the second, of a sum over time; others are as they were measured.
func (u Unit) IsRate() bool { return u == BitsPerSecond || u == PerSecond }

// Line is one of several lines of a TimeSeries.
type Line struct {
	Label  string
	Filter Filter
	Color  string // #rrggbb
}

// TimeSeries is a metric over time: one line, or one for each value of a field, or one for each filter.
type TimeSeries struct {
	Info
	Filter  Filter
	Metric  Metric // Sum or Count, where the unit is a rate; else Max
	Unit    Unit
	By      *Terms
	Lines   []Line
	Stacked bool
}

// Rate is a metric per second, its mean and its peak in the time range.
type Rate struct {
	Info
	Filter Filter
	Metric Metric
	Unit   Unit
}

// Text is Markdown.
type Text struct {
	Info
	Markdown func(l Links) string
}

// Links leads to the view of a name; linked is false where it is not among the views.
type Links func(view string) (address string, linked bool)

// Control lets people choose values of a field.
type Control struct{ Field, Label string }

// Controls are choices that all of a dashboard follows.
type Controls struct {
	Info
	Controls []Control
}

// Documents are the latest documents, with some fields as columns.
type Documents struct {
	Info
	Filter  Filter
	Columns []string
}

// Vega is a drawing by a Vega specification, which depends on the options, such as the name of the index.
type Vega struct {
	Info
	Spec func(o Options) vega.Spec
}

// Names of the aggregations of a TimeSeries and a Rate.
const (
	SplitID  = "split"
	TimeID   = "timeseries"
	MetricID = "metric"
	SortID   = MetricID + "-SORT"
)

// controlSize is how many values a control offers; others are found by typing a part of them, where they are texts.
const controlSize = 50

// Requests is one search, called as the visual is.
func (t Table) Requests(w Window) map[string]json.RawMessage { return single(t.Name, t.Request(w)) }

// Requests is one search, called as the visual is.
func (d Donut) Requests(w Window) map[string]json.RawMessage { return single(d.Name, d.Request(w)) }

// Requests is one search, called as the visual is.
func (f Figures) Requests(w Window) map[string]json.RawMessage { return single(f.Name, f.Request(w)) }

// Requests is one search, called as the visual is: SplitID where there are several lines, in it or alone TimeID, in it MetricID.
func (t TimeSeries) Requests(w Window) map[string]json.RawMessage {
	histogram := overTime(w, t.Bar(w), t.Metric)
	switch {
	case t.By != nil:
		split := map[string]any{"field": t.By.Field, "size": t.By.Size}
		inner := object(TimeID, histogram)
		if t.Metric.Function == Count {
			split["order"] = object("_count", "desc")
		} else {
			split["order"] = object(SortID, "desc")
			inner[SortID] = t.Metric.aggregation(precisionOfBucket)
		}
		return single(t.Name, request(w, t.Filter, object(SplitID, map[string]any{"terms": split, "aggs": inner})))
	case len(t.Lines) > 0:
		filters := map[string]any{}
		for _, line := range t.Lines {
			filters[line.Label] = line.Filter.DSL()
		}
		return single(t.Name, request(w, t.Filter, object(SplitID, map[string]any{"filters": object("filters", filters), "aggs": object(TimeID, histogram)})))
	}
	return single(t.Name, request(w, t.Filter, object(TimeID, histogram)))
}

// Requests is one search, called as the visual is: TimeID, in it MetricID.
func (r Rate) Requests(w Window) map[string]json.RawMessage {
	return single(r.Name, request(w, r.Filter, object(TimeID, overTime(w, r.Bar(w), r.Metric))))
}

func overTime(w Window, bar time.Duration, m Metric) map[string]any {
	histogram := map[string]any{"date_histogram": map[string]any{
		"field": TimeField, "fixed_interval": fmt.Sprintf("%dms", bar.Milliseconds()), "min_doc_count": 0,
		"extended_bounds": map[string]any{"min": w.From.UnixMilli(), "max": w.To.UnixMilli()},
	}}
	if aggregation := m.aggregation(precisionOfBucket); aggregation != nil {
		histogram["aggs"] = object(MetricID, aggregation)
	}
	return histogram
}

// Requests are none.
func (Text) Requests(Window) map[string]json.RawMessage { return nil }

// Requests are the values that each control offers.
func (c Controls) Requests(w Window) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	for _, control := range c.Controls {
		terms := object("terms", map[string]any{"field": control.Field, "size": controlSize, "order": object("_count", "desc")})
		all[c.Name+": "+control.Field] = request(w, Filter{}, object("values", terms))
	}
	return all
}

// shownDocuments is how many documents a list has at first; Kibana's setting discover:sampleSize has a greater default.
const shownDocuments = 100

// Requests is one search, called as the visual is.
func (d Documents) Requests(w Window) map[string]json.RawMessage {
	return single(d.Name, encode(map[string]any{
		"size": shownDocuments, "sort": []any{object(TimeField, object("order", "desc"))}, "query": w.query(d.Filter), "_source": append([]string{TimeField}, d.Columns...),
	}))
}

// Requests are those of the specification, with the time range and the filters that Kibana puts into them.
func (v Vega) Requests(w Window) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	for name, body := range v.Spec(Options{Index: DefaultIndex}).RequestsOf(w.From, w.To) {
		var fields map[string]any
		if err := json.Unmarshal(body, &fields); err != nil {
			panic(fmt.Sprintf("the request %s of %s is no JSON object: %v", name, v.Name, err)) // made by our own code
		}
		fields["query"] = w.query(Filter{})
		all[v.Name+": "+name] = encode(fields)
	}
	return all
}

func single(name string, body json.RawMessage) map[string]json.RawMessage {
	return map[string]json.RawMessage{name: body}
}

func (t Table) check() error { return t.Query.check(t.Documents()) }

func (d Donut) check() error { return d.Query.check(d.Documents()) }

func (f Figures) check() error {
	if len(f.Buckets) > 0 {
		return errors.New("figures have no buckets")
	}
	return f.Query.check(f.Documents())
}

func (t TimeSeries) check() error {
	if err := checkValue(t.Info, t.Metric, t.Unit, t.Filter); err != nil {
		return err
	}
	if t.By != nil && len(t.Lines) > 0 {
		return errors.New("it has lines by a field and by filters")
	}
	for _, line := range t.Lines {
		if err := line.Filter.check(t.Documents()); err != nil {
			return err
		}
	}
	if t.By == nil {
		return nil
	}
	if t.By.Size*MaxBars > MaxBuckets {
		return fmt.Errorf("it asks for %d lines, which are more than %d buckets", t.By.Size, MaxBuckets)
	}
	return t.By.check(t.Documents())
}

func (r Rate) check() error {
	if !r.Unit.IsRate() {
		return errors.New("it is no rate")
	}
	return checkValue(r.Info, r.Metric, r.Unit, r.Filter)
}

func checkValue(of Info, m Metric, unit Unit, filter Filter) error {
	switch sum := m.Function == Sum || m.Function == Count; {
	case unit.IsRate() && !sum:
		return fmt.Errorf("a rate is of a sum or a count, not of a %s", m.Function)
	case !unit.IsRate() && m.Function != Max:
		return fmt.Errorf("what was measured is shown by its greatest value, not by a %s", m.Function)
	}
	if err := m.check(of.Documents()); err != nil {
		return err
	}
	return filter.check(of.Documents())
}

func (Text) check() error { return nil }

func (c Controls) check() error {
	for _, control := range c.Controls {
		if err := errors.Join(field.Check(c.Documents(), control.Field, field.Group), field.Check(c.Documents(), control.Field, field.Search)); err != nil {
			return err
		}
	}
	return nil
}

func (d Documents) check() error {
	for _, column := range d.Columns {
		if err := field.Check(d.Documents(), column, field.Show); err != nil {
			return err
		}
	}
	return d.Filter.check(d.Documents())
}

func (v Vega) check() error {
	if v.Spec == nil {
		return errors.New("it has no specification")
	}
	return v.Spec(Options{Index: DefaultIndex}).Check()
}
