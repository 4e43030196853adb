// Package schema is the one table of document fields. The JSON encoder, the index templates and the field reference are made from
// it, so they cannot disagree. Names are those of the Elastic Common Schema 1.12 where it has one, flow.* where it has none.
package schema

// Version is the version of the table. It changes whenever a field is added, renamed or mapped in another way.
const Version = 4

// ECSVersion is the version of the Elastic Common Schema whose names are used.
const ECSVersion = "1.12.0"

// Field is one field of the document.
type Field struct {
	Name        string // dotted path
	Type        string // Elasticsearch field type
	Use                // what Elasticsearch can do with it
	Source      string // where the value comes from
	Since       int    // version of the table that had it first, with the meaning that it has
	Tier        Tier   // which profiles have it
	Description string

	value value // how it gets into the document; empty where it is part of a fragment (fragment.go)
}

// Use is what Elasticsearch keeps of a field beside the document. Whatever it is, searches return the value.
type Use struct {
	Index     bool // searchable
	DocValues bool // sortable, and of use in aggregations
}

// The uses. Numbers that are only summed up need no index, which is the greater part of what a field costs; what is as random as a
// community id cannot be compressed, so it has only the one that it is for.
var (
	filter = Use{Index: true, DocValues: true} // searched for, and aggregated by
	find   = Use{Index: true}                  // searched for
	sum    = Use{DocValues: true}              // summed up
	show   = Use{}                             // shown
)

// Tier is the smallest profile that has a field. Larger profiles have it too.
type Tier uint8

// The tiers. What full has is worth its price on disk (docs/performance.md); in all there is also what is seldom asked for, follows from other
// fields, or, like a community id, costs as much as ten others.
const (
	all Tier = iota
	full
	lean
)

// String returns the name of the profile.
func (t Tier) String() string { return [...]string{"all", "full", "lean"}[t] }

// Where values come from.
const (
	record     = "record"                                       // the flow record itself, or the header of its packet
	options    = "record, options data"                         // or what the exporter said in options data (sFlow: counter samples)
	computed   = "computed"                                     // from other fields
	constantly = "constant"                                     // the same in every document
	networks   = "networks file"                                // what a user says about networks
	insideOut  = "enrich.internal, networks file"               // which addresses are one's own
	exporters  = "exporters file, SNMP"                         // what a user says about an exporter, or the exporter itself when asked
	sites      = "exporters file, networks file"                // where an exporter is
	interfaces = exporters + ", options data"                   // in this order where the file is to win; else options data first
	city       = "networks file, GeoIP city"                    // the database of places comes second
	asn        = "networks file, GeoIP ASN, or else the record" // the database of autonomous systems, and what is said in place of it
	asNames    = "networks file, AS file, GeoIP ASN"            //
	names      = "reverse DNS"                                  //
	clients    = "computed from the client side"                // which side began is found by flags, ports and times
	appNames   = "exporter, applications file, service names"   // in this order
)

// Fields is the table, in the order of the document. Fields of one object stand together.
var Fields = join(baseFields, observerFields, networkFields, endpointFields(&source), endpointFields(&destination), roleFields(&client), roleFields(&server), flowFields)

func join(parts ...[]Field) []Field {
	var all []Field
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// Names are the names of the fields that documents of a selection have: what dashboards may use. The error is that of NewEncoder.
func Names(s Selection) ([]string, error) {
	on, err := s.fields()
	if err != nil {
		return nil, err
	}
	var all []string
	for i := range Fields {
		if on[Fields[i].Name] {
			all = append(all, Fields[i].Name)
		}
	}
	return all, nil
}
