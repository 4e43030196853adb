package dashboards

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Types of saved objects.
const (
	typeIndexPattern  = "index-pattern"
	typeVisualization = "visualization"
	typeDashboard     = "dashboard"
	typeSearch        = "search"
)

// migrationVersions say in which form objects are: the oldest that Kibana 7.14 has, so that it and every later one up to 8.x takes them.
var migrationVersions = map[string]string{typeIndexPattern: "7.11.0", typeVisualization: "7.14.0", typeDashboard: "7.14.0", typeSearch: "7.9.3"}

// saved is a saved object without its id.
type saved struct {
	kind       string
	attributes map[string]any
	references []kibana.Reference
}

type context struct {
	options Options // complete
	views   []View
}

func (c *context) id(name string) string { return c.options.Prefix + "-" + name }

// patternName is the name of the index pattern of documents.
func patternName(of *schema.Documents) string {
	if of == schema.Flows {
		return "index-pattern"
	}
	return of.Name + "-index-pattern"
}

// index is where documents are.
func (c *context) index(of *schema.Documents) string {
	if of == schema.Health {
		return c.options.HealthIndex
	}
	return c.options.Index
}

func (c *context) reference(name string, of *schema.Documents) kibana.Reference {
	return kibana.Reference{Name: name, Type: typeIndexPattern, ID: c.id(patternName(of))}
}

func (c *context) object(name string, s saved) kibana.Object {
	if s.references == nil {
		s.references = []kibana.Reference{}
	}
	return kibana.Object{
		Type: s.kind, ID: c.id(name), Attributes: s.attributes, References: s.references, MigrationVersion: map[string]string{s.kind: migrationVersions[s.kind]},
	}
}

// link is the address of a view in Kibana's application of dashboards.
func (c *context) link(view string) (address string, linked bool) {
	for _, v := range c.views {
		if v.Name == view {
			return "#/view/" + c.id(view), true
		}
	}
	return "", false
}

// Octets in powers of ten, as bits per second are.
const octets = "0,0.[0]bd"

// formatsOf are how numbers are shown, by the fields that have them.
var formatsOf = map[*schema.Documents]map[string][]string{
	schema.Flows: {
		octets:     {"network.bytes", "source.bytes", "destination.bytes", "client.bytes", "server.bytes", "flow.sampling.bytes"},
		"0,0.[0]a": {"network.packets", "flow.flows"},
		"0":        {"source.port", "destination.port", "client.port", "server.port", "source.as.number", "destination.as.number"}, // no separators
	},
	schema.Health: {
		octets:    {"collector.buffer_bytes", "collector.buffer_limit_bytes", "collector.spool_bytes"},
		"0,0.[0]": {"collector.lag_seconds"},
	},
}

func (c *context) indexPattern(of *schema.Documents) kibana.Object {
	formats := map[string]any{}
	for pattern, names := range formatsOf[of] {
		kind := "number"
		if pattern == octets {
			kind = "bytes"
		}
		for _, name := range names {
			formats[name] = map[string]any{"id": kind, "params": object("pattern", pattern)}
		}
	}
	return c.object(patternName(of), saved{kind: typeIndexPattern, attributes: map[string]any{
		"title": c.index(of), "timeFieldName": TimeField, "fields": "[]", "fieldFormatMap": text(formats), "fieldAttrs": "{}", "runtimeFieldMap": "{}", "typeMeta": "{}",
	}})
}

const searchSource = "kibanaSavedObjectMeta.searchSourceJSON"

// source is the attribute that says which documents an object is about; its reference leads to the index pattern.
func (c *context) source(info Info, filter Filter) (attribute map[string]any, reference kibana.Reference) {
	name := searchSource + ".index"
	return object("searchSourceJSON", text(map[string]any{
		"query": query(filter), "filter": []any{}, "indexRefName": name,
	})), c.reference(name, info.Documents())
}

func query(filter Filter) map[string]any {
	return map[string]any{"query": filter.KQL(), "language": "kuery"}
}

func (c *context) dashboard(v View) saved {
	filter := searchSource + ".filter[0].meta.index"
	references := []kibana.Reference{c.reference(filter, schema.Flows)}
	panels := make([]any, 0, len(v.Panels()))
	for i, p := range v.Panels() {
		index := strconv.Itoa(i + 1)
		kind := typeVisualization
		if _, list := p.Visual.(Documents); list {
			kind = typeSearch
		}
		panels = append(panels, map[string]any{
			"version": "7.14.0", "type": kind, "panelIndex": index, "panelRefName": "panel_" + index,
			"gridData":         map[string]any{"x": p.X, "y": p.Y, "w": p.Width, "h": p.Height, "i": index},
			"embeddableConfig": c.embed(p),
		})
		references = append(references, kibana.Reference{Name: index + ":panel_" + index, Type: kind, ID: c.id(p.Visual.About().Name)})
		if c.drills(p) {
			references = append(references, kibana.Reference{
				Name: fmt.Sprintf("%s:drilldown:%s:%s:dashboardId", index, drilldown, eventID(p)), Type: typeDashboard, ID: c.id(p.Drill),
			})
		}
	}
	attributes := map[string]any{
		"title": *c.options.Title + v.Title, "description": v.Description, "hits": 0, "version": 1, "timeRestore": v.From != "",
		"optionsJSON":           text(map[string]any{"useMargins": true, "syncColors": true, "hidePanelTitles": false}),
		"panelsJSON":            text(panels),
		"kibanaSavedObjectMeta": object("searchSourceJSON", text(map[string]any{"query": query(Filter{}), "filter": []any{c.pill(filter)}})),
	}
	if v.From != "" {
		attributes["timeFrom"], attributes["timeTo"] = v.From, "now"
		attributes["refreshInterval"] = map[string]any{"pause": true, "value": 60000}
	}
	return saved{typeDashboard, attributes, references}
}

// drilldown is the kind of action that leads from a dashboard to another one.
const drilldown = "DASHBOARD_TO_DASHBOARD_DRILLDOWN"

func eventID(p Panel) string { return "to-" + p.Drill }

func (c *context) drills(p Panel) bool {
	if p.Drill == "" {
		return false
	}
	_, linked := c.link(p.Drill)
	return linked
}

// embed is what a panel has of its own: no title where it is a text, and where a click on a value leads to.
func (c *context) embed(p Panel) map[string]any {
	config := object("enhancements", map[string]any{})
	if c.drills(p) {
		title := p.Drill
		for _, v := range c.views {
			if v.Name == p.Drill {
				title = v.Title
			}
		}
		config["enhancements"] = object("dynamicActions", object("events", []any{map[string]any{
			"eventId": eventID(p), "triggers": []string{"FILTER_TRIGGER"},
			"action": map[string]any{"factoryId": drilldown, "name": "Show in " + title, "config": map[string]any{"useCurrentFilters": true, "useCurrentDateRange": true}},
		}}))
	}
	switch p.Visual.(type) {
	case Text, Controls:
		config["hidePanelTitles"] = true
	}
	return config
}

// pill is the filter of all dashboards that counts each packet once; people can switch it on and off.
func (c *context) pill(reference string) map[string]any {
	drop, alias := "egress", "Each packet once: as it came in"
	if c.options.Deduplicate == DeduplicateEgress {
		drop, alias = "ingress", "Each packet once: as it went out"
	}
	return map[string]any{
		"$state": object("store", "appState"),
		"meta": map[string]any{
			"alias": alias, "disabled": c.options.Deduplicate == DeduplicateNone, "negate": true, "type": "phrase", "key": "flow.direction",
			"params": object("query", drop), "indexRefName": reference,
		},
		"query": object("match_phrase", object("flow.direction", drop)),
	}
}

// text is JSON as a text, as Kibana keeps it inside attributes.
func text(value any) string {
	out, err := json.Marshal(value)
	if err != nil {
		panic(err) // maps, lists and texts
	}
	return string(out)
}
