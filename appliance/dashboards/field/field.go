// Package field checks that dashboards use the fields of documents as Elasticsearch lets them: that there is such a field, that it can be searched for,
// aggregated by or summed up.
package field

import (
	"fmt"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Use is what a dashboard does with a field.
type Use uint8

// The uses.
const (
	Show   Use = iota // in a list of documents
	Search            // in a filter
	Group             // buckets by its values
	Count             // how many values it has
	Sum               // added up: a number
	Order             // the least and the greatest: a number or a date
	Place             // on a map: a geo_point
)

var verbs = [...]string{"shown", "searched for", "grouped by", "counted", "summed up", "ordered", "put on a map"}

var (
	numbers = []string{"long", "short", "integer", "byte", "double", "float"}
	groups  = append([]string{"keyword", "ip"}, numbers...)
)

// IsText tells whether the values of a field are texts, in which one can look for a part.
func IsText(of *schema.Documents, name string) bool {
	at := find(of, name)
	return at >= 0 && of.Fields[at].Type == "keyword"
}

func find(of *schema.Documents, name string) int {
	return slices.IndexFunc(of.Fields, func(f schema.Field) bool { return f.Name == name })
}

// Check says why a field of documents cannot be used so; nil where it can.
func Check(of *schema.Documents, name string, use Use) error {
	at := find(of, name)
	if at < 0 {
		return fmt.Errorf("field %s: documents of %s have no such field", name, of.Name)
	}
	if f := of.Fields[at]; !can(f, use) {
		return fmt.Errorf("field %s cannot be %s: it is %s, index %t, doc_values %t", name, verbs[use], f.Type, f.Index, f.DocValues)
	}
	return nil
}

func can(f schema.Field, use Use) bool {
	switch use {
	case Search:
		return f.Index
	case Group:
		return f.DocValues && slices.Contains(groups, f.Type)
	case Count:
		return f.DocValues && f.Type != "geo_point" && f.Type != "flattened"
	case Sum:
		return f.DocValues && slices.Contains(numbers, f.Type)
	case Order:
		return f.DocValues && (f.Type == "date" || slices.Contains(numbers, f.Type))
	case Place:
		return f.DocValues && f.Type == "geo_point"
	}
	return true
}
