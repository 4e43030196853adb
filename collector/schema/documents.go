package schema

// Documents is a kind of documents that the collector writes: each kind has an index of its own.
type Documents struct {
	Name    string // of the kind, in settings and attributes
	Plural  string // what people call several of them
	Version int    // of the table of fields
	Fields  []Field
	// Mark is a field by whose mapping one tells that an index is for these documents: no other kind has it, and Elasticsearch by itself would guess another type.
	Mark string
}

// The kinds of documents.
var (
	Flows  = &Documents{"flows", "flows", Version, Fields, "source.ip"}
	Health = &Documents{"health", "documents", HealthVersion, healthFields, "collector.host"}
)

// MarkType is the type that the mark is mapped as.
func (d *Documents) MarkType() string {
	for i := range d.Fields {
		if d.Fields[i].Name == d.Mark {
			return d.Fields[i].Type
		}
	}
	return ""
}

// Kinds are all of them.
var Kinds = []*Documents{Flows, Health}
