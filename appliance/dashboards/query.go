package dashboards

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/field"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// TimeField is the field that the time range of a dashboard is about.
const TimeField = "@timestamp"

// The bounds of what a visualization may ask for.
const (
	MaxTerms   = 100  // buckets of one terms aggregation
	MaxDrawn   = 260  // likewise, of a drawing: the map asks for all countries that there are
	MaxBuckets = 5000 // buckets of a whole request, innermost ones
	MaxBars    = 100  // of a date histogram: Kibana's setting histogram:maxBars has the same default

	// MaxShardSize is how many values of a field each shard may have to say: they are of one level of buckets, and cost the server some 100 bytes each.
	MaxShardSize = 10_000
)

// Window is what a request is about beside what the visualization says: the time range, and the filters of the dashboard.
type Window struct {
	From, To time.Time
	Filters  []Filter
}

// Interval is the width of the bars of a date histogram: the least of a list of round ones that gives no more than MaxBars, as Kibana chooses it.
func (w Window) Interval() time.Duration {
	for _, round := range intervals {
		if w.To.Sub(w.From) <= MaxBars*round {
			return round
		}
	}
	return w.To.Sub(w.From)/MaxBars + 1
}

var intervals = []time.Duration{
	time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour,
	12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour,
}

// Function is what a metric does with a field.
type Function string

// The functions, by their names in Elasticsearch and in Kibana.
const (
	Count       Function = "count" // of documents; has no field
	Sum         Function = "sum"
	Cardinality Function = "cardinality" // how many values there are, nearly
	Min         Function = "min"
	Max         Function = "max"
)

// Up to how many values Cardinality is nearly exact (Elasticsearch reference, "Cardinality aggregation", precision_threshold). It costs 8 bytes each and bucket,
// so there are few in buckets. Where there are none it is the most that is possible, with which Elasticsearch marks ordinals instead of hashing each value.
const (
	precisionOfBucket = 100
	precisionOfWhole  = 40_000
)

// Metric is a number for each bucket.
type Metric struct {
	Function Function
	Field    string
	Label    string
}

func (m Metric) aggregation(precision int) map[string]any {
	switch m.Function {
	case Count:
		return nil
	case Cardinality:
		return object(string(m.Function), map[string]any{"field": m.Field, "precision_threshold": precision})
	case Sum, Min, Max:
	}
	return object(string(m.Function), object("field", m.Field))
}

func (m Metric) check(of *schema.Documents) error {
	switch m.Function {
	case Count:
		if m.Field != "" {
			return fmt.Errorf("the count has a field, %s", m.Field)
		}
		return nil
	case Sum:
		return field.Check(of, m.Field, field.Sum)
	case Cardinality:
		return field.Check(of, m.Field, field.Count)
	case Min, Max:
		return field.Check(of, m.Field, field.Order)
	}
	return fmt.Errorf("there is no function %q", m.Function)
}

// Terms are buckets by the values of a field.
type Terms struct {
	Field string
	Size  int // how many: the first ones in the order of the query
	Label string
}

// Query is what a visualization asks for: metrics by buckets, the outermost first. Buckets are ordered by the first metric, the greatest first.
//
// Each shard says its own first buckets alone, and the metrics of a bucket are of the shards that said it. A bucket that comes first in all of them together comes
// first in one of them by a sum or a count, mostly, but not by a Min with the greatest first: what has been there all along is new in an index that is new. Such
// a query needs a ShardSize that has room for all values (Elasticsearch reference, "Terms aggregation", shard_size).
type Query struct {
	Filter    Filter
	Buckets   []Terms
	Metrics   []Metric
	Ascending bool // the least first
	ShardSize int  // values that each shard says; 0: Elasticsearch's own choice, 1.5 × Size + 10
}

// MetricID is the name of the aggregation of the metric at an index, in the request and in Kibana.
func (q Query) MetricID(at int) string { return strconv.Itoa(at + 1) }

// BucketID is the name of the aggregation of the buckets at an index.
func (q Query) BucketID(at int) string { return strconv.Itoa(len(q.Metrics) + at + 1) }

// Request is the body of the search.
func (q Query) Request(w Window) json.RawMessage {
	inner := q.measured(len(q.Metrics))
	for i, b := range slices.Backward(q.Buckets) {
		if i < len(q.Buckets)-1 {
			maps.Copy(inner, q.measured(1)) // what the level is ordered by
		}
		values := map[string]any{"field": b.Field, "size": b.Size, "order": object(q.order(), q.direction())}
		if q.ShardSize > 0 {
			values["shard_size"] = q.ShardSize
		}
		terms := object("terms", values)
		if len(inner) > 0 {
			terms["aggs"] = inner
		}
		inner = object(q.BucketID(i), terms)
	}
	return request(w, q.Filter, inner)
}

// measured are the aggregations of the first metrics.
func (q Query) measured(first int) map[string]any {
	all := map[string]any{}
	for i, m := range q.Metrics[:first] {
		if aggregation := m.aggregation(q.precision()); aggregation != nil {
			all[q.MetricID(i)] = aggregation
		}
	}
	return all
}

func (q Query) precision() int {
	if len(q.Buckets) == 0 {
		return precisionOfWhole
	}
	return precisionOfBucket
}

func (q Query) order() string {
	if q.Metrics[0].Function == Count {
		return "_count"
	}
	return q.MetricID(0)
}

// direction is that of the order, in the words of Elasticsearch and Kibana.
func (q Query) direction() string {
	if q.Ascending {
		return "asc"
	}
	return "desc"
}

// request is a search that counts and shows no documents.
func request(w Window, filter Filter, aggregations map[string]any) json.RawMessage {
	body := map[string]any{"size": 0, "track_total_hits": true, "query": w.query(filter)}
	if len(aggregations) > 0 {
		body["aggs"] = aggregations
	}
	return encode(body)
}

func (w Window) query(filter Filter) map[string]any {
	filters := []any{object("range", object(TimeField, map[string]any{
		"gte": w.From.UTC().Format(time.RFC3339Nano), "lte": w.To.UTC().Format(time.RFC3339Nano), "format": "strict_date_optional_time",
	}))}
	for _, f := range append([]Filter{filter}, w.Filters...) {
		if !f.All() {
			filters = append(filters, f.DSL())
		}
	}
	return object("bool", object("filter", filters))
}

func (q Query) check(of *schema.Documents) error {
	if len(q.Metrics) == 0 {
		return errors.New("it has no metric")
	}
	if err := q.Filter.check(of); err != nil {
		return err
	}
	for _, m := range q.Metrics {
		if err := m.check(of); err != nil {
			return err
		}
	}
	buckets := 1
	for _, b := range q.Buckets {
		if err := b.check(of); err != nil {
			return err
		}
		if buckets *= b.Size; buckets > MaxBuckets {
			return fmt.Errorf("it asks for %d buckets, more than %d", buckets, MaxBuckets)
		}
	}
	return q.checkShardSize()
}

func (q Query) checkShardSize() error {
	switch {
	case q.ShardSize == 0:
		return nil
	case len(q.Buckets) != 1:
		return fmt.Errorf("each shard is to say %d values, of %d levels of buckets: that is possible for one", q.ShardSize, len(q.Buckets))
	case q.ShardSize < q.Buckets[0].Size || q.ShardSize > MaxShardSize:
		return fmt.Errorf("each shard is to say %d values: %d to %d are possible", q.ShardSize, q.Buckets[0].Size, MaxShardSize)
	}
	return nil
}

func (t Terms) check(of *schema.Documents) error {
	if t.Size < 1 || t.Size > MaxTerms {
		return fmt.Errorf("it asks for %d values of %s: 1 to %d are possible", t.Size, t.Field, MaxTerms)
	}
	return field.Check(of, t.Field, field.Group)
}

// encode writes JSON; what it is given are maps, lists, texts and numbers of this package.
func encode(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}
