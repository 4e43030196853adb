package schema

// TemplatePriority lets the template win over the built-in ones of Elasticsearch, which have 100.
const TemplatePriority = 200

// longestTerm is how many characters a value of a flattened field may have to be found by.
const longestTerm = 1024

// IndexTemplate is the body of PUT _index_template/NAME (Elasticsearch 7.17, "Create or update index template API") for documents that
// are written to name. The values have the types that encoding/json gives, and settings are strings, as Elasticsearch returns them, so that
// the body compares with what is read back.
//
// Fields that are not in the table are kept in _source but not mapped (dynamic: false): an exporter cannot blow up the mapping.
func IndexTemplate(name string) map[string]any {
	return map[string]any{
		"index_patterns": []any{name, name + "-*"},
		"priority":       float64(TemplatePriority),
		"template": map[string]any{
			"settings": map[string]any{"index": map[string]any{
				"number_of_shards":   "1",
				"number_of_replicas": "0",
				"codec":              "best_compression",
				"refresh_interval":   "10s",
				"sort":               map[string]any{"field": "@timestamp", "order": "desc"},
			}},
			"mappings": map[string]any{
				"dynamic":    "false",
				"properties": properties(),
			},
		},
		"_meta": map[string]any{
			"managed_by":     "flowstack",
			"schema_version": float64(Version),
			"ecs_version":    ECSVersion,
		},
	}
}

// properties nests the fields of the table as Elasticsearch's mappings want them.
func properties() map[string]any {
	root := map[string]any{}
	for _, f := range Fields {
		parent, name := split(f.Name)
		at := root
		for _, object := range path(parent) {
			if at[object] == nil {
				at[object] = map[string]any{"properties": map[string]any{}}
			}
			at = at[object].(map[string]any)["properties"].(map[string]any) //nolint:forcetypeassert // made above
		}
		field := map[string]any{"type": f.Type}
		if !f.Index {
			field["index"] = false
		}
		if f.Type == "flattened" {
			// Elasticsearch refuses a document with a longer term than Lucene takes, 32766 octets; this leaves it out of the index only.
			field["ignore_above"] = float64(longestTerm)
		}
		at[name] = field
	}
	return root
}
