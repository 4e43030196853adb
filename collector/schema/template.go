package schema

import (
	"maps"
	"strings"
)

// TemplatePriority lets the template win over the built-in ones of Elasticsearch, which have 100. To it comes the length of the name: templates
// whose patterns overlap must differ in priority, and of flows-* and flows-lab-* the longer is the one that is meant.
const TemplatePriority = 200

func priority(name string) float64 { return float64(TemplatePriority + len(name)) }

const (
	// longestTerm is how many characters a text may have to be found by: as many as ECS allows. Elasticsearch refuses a document with a
	// longer term than Lucene takes, 32766 octets; this leaves it out of the index only.
	longestTerm = 1024
	// fieldLimit bounds a mapping that nobody but an operator adds fields to: dynamic is off. It leaves room for three times the table.
	fieldLimit = "500"
)

// Targets: what documents are written to.
const (
	TargetDataStream = "data_stream" // a data stream of the name
	TargetAlias      = "alias"       // an alias of the name, whose indices are NAME-000001 and so on
	TargetIndex      = "index"       // indices of the name, or of the name, a hyphen and something behind it
)

// Template is what is put at a path.
type Template struct {
	Path string         // such as /_component_template/flows-settings
	Body map[string]any // as encoding/json has it
}

// TemplateSet is what has to be put before the first document, in this order: an index template is refused before the components it names.
type TemplateSet []Template

// Templates are the templates for documents of the kind that are written to name, for one of the targets: components with the settings and the
// mappings, then the index template. A target that there is not is taken for TargetIndex. Fields of all profiles are mapped, so that a selection can
// change without new templates. Fields that are not in the table are kept in _source but not mapped (dynamic: false): an exporter cannot blow
// up the mapping.
//
// The values have the types that encoding/json gives, and settings are strings, as Elasticsearch returns them, so that bodies compare with
// what is read back. Nothing in them is newer than 7.17, or gone in 8.x. Elastic reference: "Create or update component template API", "Create
// or update index template API", "Index modules", "Index sorting".
//
// A data stream makes its own indices by the template. For TargetAlias, set-up creates NAME-000001 with the alias NAME and is_write_index true.
func (d *Documents) Templates(name, target string) TemplateSet {
	settings, mappings := name+"-settings", name+"-mappings"
	index := map[string]any{
		"index_patterns": []any{name, name + "-*"},
		"priority":       priority(name),
		"composed_of":    []any{settings, mappings},
		"_meta":          d.meta(),
	}
	switch target {
	case TargetDataStream:
		index["index_patterns"] = []any{name} // of other data streams, name-* may be the name
		index["data_stream"] = map[string]any{}
	case TargetAlias:
		index["index_patterns"] = []any{name + "-*"} // an index of the alias's name cannot be
	}
	return TemplateSet{
		{"/_component_template/" + settings, map[string]any{"template": map[string]any{"settings": indexSettings()}, "_meta": d.meta()}},
		{"/_component_template/" + mappings, map[string]any{"template": map[string]any{"mappings": d.indexMappings()}, "_meta": d.meta()}},
		{"/_index_template/" + name, index},
	}
}

// ForTerraform is the template as Terraform puts it.
func (t Template) ForTerraform() Template {
	body := maps.Clone(t.Body)
	meta := maps.Clone(body["_meta"].(map[string]any)) //nolint:forcetypeassert // made by Templates
	meta["managed_by"] = ManagedByTerraform
	body["_meta"] = meta
	return Template{t.Path, body}
}

// Who made a template, as its _meta.managed_by says. The collector replaces its own ones when they are old; it leaves those of Terraform, which may
// say more, to Terraform.
const (
	ManagedBy          = "flowstack"
	ManagedByTerraform = "flowstack-terraform"
)

func (d *Documents) meta() map[string]any {
	return map[string]any{"managed_by": ManagedBy, "schema_version": float64(d.Version), "ecs_version": ECSVersion}
}

// indexSettings: documents of one time stand together, so that a search in a span of time reads few blocks, the oldest first, because the points
// of times are smaller that way; a copy of each shard as soon as there is a second node; a document is found at most 10 seconds after it was
// written.
func indexSettings() map[string]any {
	return map[string]any{"index": map[string]any{
		"number_of_shards":     "1",
		"auto_expand_replicas": "0-1",
		"codec":                "best_compression",
		"refresh_interval":     "10s",
		"sort":                 map[string]any{"field": timestampField, "order": "asc"},
		"mapping":              map[string]any{"total_fields": map[string]any{"limit": fieldLimit}},
	}}
}

// indexMappings: the version of the table goes into each index too, where it tells which fields an old index has.
func (d *Documents) indexMappings() map[string]any {
	return map[string]any{
		"dynamic":    "false",
		"_meta":      map[string]any{"schema_version": float64(d.Version)},
		"properties": d.properties(),
	}
}

// properties nests the fields of the table as Elasticsearch's mappings want them.
func (d *Documents) properties() map[string]any {
	root := map[string]any{}
	for i := range d.Fields {
		f := &d.Fields[i]
		names := strings.Split(f.Name, ".")
		at := root
		for _, object := range names[:len(names)-1] {
			if at[object] == nil {
				at[object] = map[string]any{"properties": map[string]any{}}
			}
			at = at[object].(map[string]any)["properties"].(map[string]any) //nolint:forcetypeassert // made above
		}
		at[names[len(names)-1]] = f.mapping()
	}
	return root
}

// mapping is how Elasticsearch is to keep a field. What is not said is true.
func (f *Field) mapping() map[string]any {
	m := map[string]any{"type": f.Type}
	if !f.Index {
		m["index"] = false
	}
	if !f.DocValues {
		m["doc_values"] = false
	}
	if f.Type == "keyword" || f.Type == "flattened" {
		m["ignore_above"] = float64(longestTerm)
	}
	return m
}
