package flowindex

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// spec is what a configuration asks for.
type spec struct {
	name      string
	documents *schema.Documents
	target    string // schema.TargetDataStream and so on
	priority  int64  // 0: that of package schema
	shards    int64  // 0: one
	replicas  *int64 // nil: one as soon as there is a second node
	settings  map[string]string
	lifecycle *lifecycle // nil: the server has none, or the target is an index
}

// design is what a flow index consists of: as it is wanted, or as Elasticsearch has it. Parts that are not there are nil.
type design struct {
	name     string
	policy   map[string]any
	settings map[string]any // component template NAME-settings
	mappings map[string]any // component template NAME-mappings
	template map[string]any
	target   target
}

// The component templates.
func settingsName(name string) string { return name + "-settings" }
func mappingsName(name string) string { return name + "-mappings" }

// wanted is the design for a spec.
func (s spec) wanted() design {
	set := s.documents.Templates(s.name, s.target)
	d := design{name: s.name, target: target{kind: s.target}}
	d.settings, d.mappings, d.template = set[0].ForTerraform().Body, set[1].ForTerraform().Body, set[2].ForTerraform().Body
	if s.priority != 0 {
		d.template["priority"] = float64(s.priority)
	}
	flat := host.Facts{}
	elasticresource.Flatten(flat, "", elasticresource.Object(d.settings["template"])["settings"])
	if s.shards > 0 {
		flat["index.number_of_shards"] = strconv.FormatInt(s.shards, 10)
	}
	if s.replicas != nil {
		flat["index.auto_expand_replicas"] = "false"
		flat["index.number_of_replicas"] = strconv.FormatInt(*s.replicas, 10)
	}
	if s.lifecycle != nil {
		d.policy = s.lifecycle.policy()
		flat["index.lifecycle.name"] = s.name
		if s.target == schema.TargetAlias {
			flat["index.lifecycle.rollover_alias"] = s.name
		}
	}
	maps.Copy(flat, s.settings)
	settings := map[string]any{}
	for name, value := range flat {
		settings[name] = value
	}
	d.settings["template"] = map[string]any{"settings": settings}
	return d
}

// facts are what a person would say about a design. Two designs with equal facts are equal.
func facts(d design) host.Facts {
	found := host.Facts{}
	if d.template != nil {
		found["target"] = d.target.kind
	}
	if found["target"] == "" {
		found["target"] = "none"
	}
	templateFacts(found, d.template)
	for name, component := range map[string]map[string]any{settingsName(d.name): d.settings, mappingsName(d.name): d.mappings} {
		if component == nil {
			found["component "+name] = "none"
			continue
		}
		found["component "+name] = "there"
		innerFacts(found, elasticresource.Object(component["template"]))
		metaFacts(found, "component "+name+": ", component)
	}
	// What an index template says itself counts more than what its components say.
	innerFacts(found, elasticresource.Object(d.template["template"]))
	policyFacts(found, d.policy)
	if d.target.write != "" {
		d.indexFacts(found)
	} else {
		found["write index: mappings"], found["write index: settings"], found["indices: settings"] = asWanted, asWanted, asWanted
	}
	return found
}

// asWanted is what facts about indices say when there is nothing to do.
const asWanted = "as in the template"

func templateFacts(found host.Facts, template map[string]any) {
	for _, name := range []string{"index_patterns", "priority", "composed_of", "allow_auto_create"} {
		elasticresource.Flatten(found, strings.ReplaceAll(name, "_", " "), template[name])
	}
	if template["data_stream"] != nil {
		found["data stream"] = "yes"
	}
	metaFacts(found, "", template)
}

// metaFacts tell who made a template, and by which version of the table of fields.
func metaFacts(found host.Facts, prefix string, template map[string]any) {
	elasticresource.Flatten(found, prefix+"meta", template["_meta"])
}

func policyFacts(found host.Facts, policy map[string]any) {
	for name, phase := range elasticresource.Object(policy["phases"]) {
		phase := elasticresource.Object(phase)
		elasticresource.Flatten(found, "lifecycle "+name+": after", phase["min_age"])
		for action, settings := range elasticresource.Object(phase["actions"]) {
			if len(elasticresource.Object(settings)) == 0 {
				found["lifecycle "+name+": "+action] = "yes"
			}
			elasticresource.Flatten(found, "lifecycle "+name+": "+action, settings)
		}
	}
}

// indexFacts compare the indices that are there with what the templates, as they are there, would make.
func (d design) indexFacts(found host.Facts) {
	wanted := host.Facts{}
	for _, part := range []map[string]any{d.settings, d.mappings, d.template} {
		innerFacts(wanted, elasticresource.Object(part["template"]))
	}
	found["write index: mappings"] = difference(oldFields(wanted, d.target.mapping))
	static, dynamic := d.oldSettings(wanted)
	found["write index: settings"], found["indices: settings"] = difference(static), difference(dynamic)
}

// difference words which of several things are not as wanted.
func difference(names []string) string {
	const most = 8
	switch n := len(names); {
	case n == 0:
		return asWanted
	case n > most:
		return fmt.Sprintf("old: %s and %d more", strings.Join(names[:most], ", "), n-most)
	}
	return "old: " + strings.Join(names, ", ")
}

// oldFields are the fields that are not mapped as wanted, sorted. What an index has besides does not matter.
func oldFields(wanted host.Facts, mapping map[string]any) []string {
	has := host.Facts{}
	innerFacts(has, map[string]any{"mappings": mapping})
	names := map[string]bool{}
	for fact, value := range wanted {
		field, isField := strings.CutPrefix(fact, "field ")
		field, _, _ = strings.Cut(field, ": ")
		switch {
		case isField && has[fact] != value:
			names[field] = true
		case fact == "mapping dynamic" && has[fact] != value:
			names["dynamic"] = true
		}
	}
	for fact, value := range has {
		name, parameter, is := strings.Cut(strings.TrimPrefix(fact, "field "), ": ")
		if is && strings.HasPrefix(fact, "field ") && wanted["field "+name] != "" && wanted[fact] != value && parameter != "" {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// staticSettings cannot be changed while an index is open: the next index has them. "Index modules", "Static index settings".
var staticSettings = map[string]bool{
	"index.number_of_shards": true, "index.codec": true, "index.sort.field": true, "index.sort.order": true, "index.sort.mode": true, "index.sort.missing": true,
	"index.number_of_routing_shards": true,
}

// everywhere are the settings that all indices have to have; others matter for the index that is written to, and are left to the lifecycle's phases
// later on.
var everywhere = map[string]bool{"index.lifecycle.name": true, "index.lifecycle.rollover_alias": true}

// oldSettings are the static settings of the index that is written to, and the others of all indices, that are not as wanted, sorted.
func (d design) oldSettings(wanted host.Facts) (static, dynamic []string) {
	olds := map[string]bool{}
	for name, value := range settingsOf(wanted) {
		switch {
		case staticSettings[name] && d.target.kind == schema.TargetIndex: // nobody can change it
		case staticSettings[name]:
			if d.target.indices[d.target.write][name] != value {
				static = append(static, name)
			}
		default:
			for index, has := range d.target.indices {
				if (index == d.target.write || everywhere[name]) && has[name] != value {
					olds[name] = true
				}
			}
		}
	}
	for name := range everywhere {
		for _, has := range d.target.indices {
			if _, is := has[name]; is && wanted["setting "+name] == "" {
				olds[name] = true
			}
		}
	}
	slices.Sort(static)
	return static, slices.Sorted(maps.Keys(olds))
}

// settingsOf are the settings among facts.
func settingsOf(of host.Facts) map[string]string {
	all := map[string]string{}
	for fact, value := range of {
		if name, is := strings.CutPrefix(fact, "setting "); is {
			all[name] = value
		}
	}
	return all
}
