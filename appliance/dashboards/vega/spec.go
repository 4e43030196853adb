// Package vega makes the drawings that Kibana has no visualization for, as specifications in the language Vega 5: where traffic flows (Sankey), where on
// earth it comes from (WorldMap), and how full interfaces are (InterfaceUtilisation). They need nothing from the internet, and no scripts of their own.
package vega

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// object is one of JSON. Its members are written in alphabetical order, so equal specifications are equal texts.
type object = map[string]any

type list = []any

// timeField is the field that the time range of a dashboard is about.
const timeField = "@timestamp"

// Spec is a specification: the drawing, and the searches that give it its data.
type Spec struct {
	index    string
	drawing  object
	requests map[string]object // bodies by the names of their data, with Kibana's tokens
	wrong    error
}

// Check says why the drawing cannot be made, such as that a Sankey has one level, or that documents have no such field; nil where it can.
func (s Spec) Check() error { return s.wrong }

// JSON is the specification as Kibana takes it. Kibana asks for its data by itself, within the time range and the filters of the dashboard.
func (s Spec) JSON() []byte {
	whole := object{"$schema": "https://vega.github.io/schema/vega/v5.json"}
	for key, value := range s.drawing {
		whole[key] = value
	}
	data := make(list, 0, len(s.requests))
	for _, name := range sorted(s.requests) {
		data = append(data, object{"name": name, "url": object{"%context%": true, "%timefield%": timeField, "index": s.index, "body": s.requests[name]}})
	}
	derived, _ := s.drawing["data"].(list)
	whole["data"] = append(data, derived...)
	return encode(whole)
}

// Requests are the bodies of the searches, by the names of their data, as Kibana would send them for an hour: with neither its time range nor its filters.
func (s Spec) Requests() map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	for name, body := range s.requests {
		all[name] = encode(expand(body, time.Time{}, time.Time{}.Add(time.Hour), false))
	}
	return all
}

// RequestsOf are the bodies of the searches as Kibana sends them for a time range, without filters of a dashboard.
func (s Spec) RequestsOf(from, to time.Time) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	for name, body := range s.requests {
		expanded, _ := expand(body, from, to, true).(object)
		expanded["query"] = object{"bool": object{"filter": list{object{"range": object{timeField: object{
			"gte": from.UTC().Format(rfc3339Milli), "lte": to.UTC().Format(rfc3339Milli), "format": "strict_date_optional_time",
		}}}}}}
		all[name] = encode(expanded)
	}
	return all
}

const rfc3339Milli = "2006-01-02T15:04:05.000Z07:00"

// expand puts a time range in place of Kibana's tokens (Kibana guide, "Vega reference", "Dashboard context"). Without bounds, what has the time range's
// ends is left out.
func expand(of any, from, to time.Time, bounds bool) any {
	switch v := of.(type) {
	case object:
		expanded := object{}
		for key, value := range v {
			inner, _ := value.(object)
			switch {
			case key == "interval" && inner[autoInterval] != nil:
				bars, _ := inner[autoInterval].(int)
				expanded["fixed_interval"] = fmt.Sprintf("%dms", roundInterval(to.Sub(from)/time.Duration(bars)).Milliseconds())
			case key == "extended_bounds" && !bounds:
			case inner[timeFilter] == "min":
				expanded[key] = from.UnixMilli()
			case inner[timeFilter] == "max":
				expanded[key] = to.UnixMilli()
			default:
				expanded[key] = expand(value, from, to, bounds)
			}
		}
		return expanded
	case list:
		expanded := make(list, len(v))
		for i := range v {
			expanded[i] = expand(v[i], from, to, bounds)
		}
		return expanded
	}
	return of
}

// The tokens that Kibana replaces in bodies.
const (
	autoInterval = "%autointerval%" // of the bars of a date histogram: about so many bars
	timeFilter   = "%timefilter%"   // an end of the time range
)

// roundInterval is the width of bars that Kibana takes for a given one: the round one that it is nearest to.
func roundInterval(exact time.Duration) time.Duration {
	const day = 24 * time.Hour
	for _, step := range []struct{ most, round time.Duration }{
		{500 * time.Millisecond, 100 * time.Millisecond},
		{5 * time.Second, time.Second},
		{7500 * time.Millisecond, 5 * time.Second},
		{15 * time.Second, 10 * time.Second},
		{45 * time.Second, 30 * time.Second},
		{3 * time.Minute, time.Minute},
		{450 * time.Second, 5 * time.Minute},
		{20 * time.Minute, 10 * time.Minute},
		{45 * time.Minute, 30 * time.Minute},
		{2 * time.Hour, time.Hour},
		{6 * time.Hour, 3 * time.Hour},
		{day, 12 * time.Hour},
		{7 * day, day},
		{21 * day, 7 * day},
		{42 * day, 30 * day},
	} {
		if exact <= step.most {
			return step.round
		}
	}
	return 365 * day
}

// encode writes JSON as it is read: with <, > and & of expressions as they are.
func encode(value any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // maps, lists, texts and numbers
	}
	return bytes.TrimSpace(out.Bytes())
}
