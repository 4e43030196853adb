package picture

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards"
)

// bucket is one of an answer: its key, how many documents it has, and the aggregations in it.
type bucket map[string]json.RawMessage

func (b bucket) key() string {
	var text string
	if json.Unmarshal(b["key_as_string"], &text) == nil && text != "" {
		return text
	}
	if json.Unmarshal(b["key"], &text) == nil {
		return text
	}
	return string(b["key"]) // a number
}

// within are the buckets of an aggregation.
func (b bucket) within(name string) []bucket {
	var inner struct{ Buckets []bucket }
	if json.Unmarshal(b[name], &inner) != nil {
		return nil
	}
	return inner.Buckets
}

// value is that of a metric.
func (b bucket) value(id string, m dashboards.Metric) float64 {
	var count float64
	var metric struct{ Value float64 }
	if m.Function == dashboards.Count {
		if json.Unmarshal(b["doc_count"], &count) != nil {
			return 0
		}
		return count
	}
	if json.Unmarshal(b[id], &metric) != nil {
		return 0
	}
	return metric.Value
}

// whole is an answer as if it were one bucket.
func whole(response json.RawMessage) (bucket, error) {
	var answer struct {
		Hits struct {
			Total struct{ Value json.RawMessage }
		}
		Aggregations bucket
	}
	if err := json.Unmarshal(response, &answer); err != nil {
		return nil, fmt.Errorf("the answer of Elasticsearch: %w", err)
	}
	if answer.Aggregations == nil {
		answer.Aggregations = bucket{}
	}
	answer.Aggregations["doc_count"] = answer.Hits.Total.Value
	return answer.Aggregations, nil
}

// said is a value of a metric as a table has it.
func said(m dashboards.Metric, value float64) string {
	if m.Field == dashboards.TimeField {
		return time.UnixMilli(int64(value)).UTC().Format("2 Jan 15:04")
	}
	if strings.HasSuffix(m.Field, "bytes") {
		return quantity(value, "B")
	}
	return quantity(value, "")
}

// rows are the keys of the innermost buckets with those around them, and the values of the metrics.
func rows(q dashboards.Query, all bucket) (cells [][]string) {
	var walk func(b bucket, at int, keys []string)
	walk = func(b bucket, at int, keys []string) {
		if at < len(q.Buckets) {
			for _, inner := range b.within(q.BucketID(at)) {
				walk(inner, at+1, append(keys[:at:at], inner.key()))
			}
			return
		}
		line := keys[:at:at]
		for i, m := range q.Metrics {
			line = append(line, said(m, b.value(q.MetricID(i), m)))
		}
		cells = append(cells, line)
	}
	walk(all, 0, nil)
	return cells
}

// table has as many rows as there is room for.
func (p panel) table(q dashboards.Query, response json.RawMessage) (string, error) {
	all, err := whole(response)
	if err != nil {
		return "", err
	}
	var heads []string
	for _, b := range q.Buckets {
		heads = append(heads, b.Label)
	}
	for _, m := range q.Metrics {
		heads = append(heads, m.Label)
	}
	return p.grid(heads, rows(q, all), len(q.Buckets)), nil
}

// grid draws cells; the columns from right on are numbers, and stand at the right.
func (p panel) grid(heads []string, cells [][]string, right int) string {
	if len(cells) == 0 {
		return p.nothing()
	}
	const size, height = 12, 23
	// Numbers are narrow; texts share the rest.
	narrow := 92
	if len(heads) > right {
		narrow = min(narrow, p.width*3/5/(len(heads)-right))
	}
	broad := p.width
	if right > 0 {
		broad = (p.width - narrow*(len(heads)-right)) / right
	} else {
		narrow = p.width / len(heads)
	}
	var b strings.Builder
	line := func(y int, texts []string, color string, weight int) {
		for i, text := range texts {
			if i < right {
				b.WriteString(words(i*broad+2, y, size, weight, color, cut(text, broad-8, size)))
			} else {
				b.WriteString(words(right*broad+(i-right+1)*narrow-4, y, size, weight, color, cut(text, narrow-6, size), `text-anchor="end"`))
			}
		}
		fmt.Fprintf(&b, "<line x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"0.7\"/>\n", p.width, y+7, y+7, lines)
	}
	line(14, heads, strong, 600)
	shown := min(len(cells), (p.height-24)/height)
	for i, c := range cells[:shown] {
		line(14+(i+1)*height, c, weak, 400)
	}
	return b.String()
}

// figures are great numbers beside each other.
func (p panel) figures(q dashboards.Query, response json.RawMessage) (string, error) {
	all, err := whole(response)
	if err != nil {
		return "", err
	}
	labels, values := make([]string, len(q.Metrics)), make([]string, len(q.Metrics))
	for i, m := range q.Metrics {
		labels[i], values[i] = m.Label, said(m, all.value(q.MetricID(i), m))
	}
	return p.numbers(labels, values), nil
}

func (p panel) numbers(labels, values []string) string {
	var b strings.Builder
	each := p.width / len(values)
	for i := range values {
		x := i*each + each/2
		b.WriteString(words(x, p.height/2+4, 26, 600, strong, values[i], `text-anchor="middle"`))
		b.WriteString(words(x, p.height/2+24, 12, 400, weak, labels[i], `text-anchor="middle"`))
	}
	return b.String()
}

// documents are a line for each, the latest first.
func (p panel) documents(d dashboards.Documents, response json.RawMessage) (string, error) {
	var answer struct {
		Hits struct {
			Hits []struct {
				Source map[string]any `json:"_source"`
			}
		}
	}
	if err := json.Unmarshal(response, &answer); err != nil {
		return "", fmt.Errorf("the answer of Elasticsearch: %w", err)
	}
	heads := append([]string{"Time"}, d.Columns...)
	var cells [][]string
	for _, hit := range answer.Hits.Hits {
		line := make([]string, len(heads))
		for i, name := range append([]string{dashboards.TimeField}, d.Columns...) {
			line[i] = member(hit.Source, name)
		}
		line[0] = strings.TrimSuffix(strings.Replace(line[0], "T", " ", 1), "Z")
		cells = append(cells, line)
	}
	return p.grid(heads, cells, len(heads)), nil
}

// member is a field of a document by its dotted name.
func member(document map[string]any, name string) string {
	var at any = document
	for part := range strings.SplitSeq(name, ".") {
		inner, is := at.(map[string]any)
		if !is {
			return "-"
		}
		at = inner[part]
	}
	switch v := at.(type) {
	case nil:
		return "-"
	case string:
		return v
	case float64:
		if strings.HasSuffix(name, ".bytes") {
			return quantity(v, "B")
		}
		return fmt.Sprintf("%.0f", v)
	}
	text, err := json.Marshal(at)
	if err != nil {
		return "-"
	}
	return strings.NewReplacer(`"`, "", "[", "", "]", "").Replace(string(text))
}
