package schema

// Documents is a kind of documents that the collector writes: each kind has an index of its own.
type Documents struct {
	Name    string // what users call them
	Version int    // of the table of fields
	Fields  []Field
	// Mark is a field by whose mapping one tells that an index is for these documents: Elasticsearch by itself would guess that an address is a text.
	Mark string
}

// The kinds of documents.
var (
	Flows  = &Documents{"flows", Version, Fields, "source.ip"}
	Health = &Documents{"health", HealthVersion, healthFields, "observer.ip"}
)

// Kinds are all of them.
var Kinds = []*Documents{Flows, Health}
