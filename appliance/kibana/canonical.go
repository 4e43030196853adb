package kibana

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

// textAttributes are attributes that hold JSON as a text, whose spaces and order mean nothing.
var textAttributes = map[string]bool{
	"panelsJSON": true, "optionsJSON": true, "visState": true, "uiStateJSON": true, "searchSourceJSON": true, "layerListJSON": true, "mapStateJSON": true,
	"fields": true, "fieldAttrs": true, "fieldFormatMap": true, "runtimeFieldMap": true, "typeMeta": true, "sourceFilters": true, "wsState": true,
}

// volatile are attributes that Kibana changes by itself: bounds are those of a map as it was last looked at, hits are counted no more.
var volatile = map[string]bool{"hits": true, "bounds": true}

// ReferencesPart is the part of an object that is no attribute.
const ReferencesPart = "references"

// Parts are digests of what an object says, by attribute, and of its references: two objects with equal parts are the same for whoever looks at them. What
// Kibana changes by itself is left out: versions, times, how popular a field is, the form of the JSON inside.
func (o Object) Parts() map[string]string {
	parts := map[string]string{}
	for name, value := range o.Attributes {
		if volatile[name] {
			continue
		}
		if plain := canonical(name, value); !empty(plain) {
			parts[name] = digest(plain)
		}
	}
	if len(o.References) > 0 {
		references := slices.Clone(o.References)
		slices.SortFunc(references, func(a, b Reference) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
		})
		parts[ReferencesPart] = digest(references)
	}
	return parts
}

// Digest is of all Parts together, in 16 hexadecimal digits.
func (o Object) Digest() string { return digest(o.Parts()) }

// Changed are the names of parts that are not the same, sorted.
func Changed(before, after map[string]string) []string {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool { return before[name] == after[name] })
	return slices.Sorted(maps.Keys(names))
}

// canonical is a value without what means nothing.
func canonical(name string, value any) any {
	switch value := value.(type) {
	case string:
		var inside any
		if !textAttributes[name] || json.Unmarshal([]byte(value), &inside) != nil {
			return value
		}
		if name == "fieldAttrs" {
			return withoutCounts(inside)
		}
		return canonical("", inside)
	case map[string]any:
		plain := map[string]any{}
		for key, inner := range value {
			plain[key] = canonical(key, inner)
		}
		return plain
	case []any:
		plain := make([]any, len(value))
		for i, inner := range value {
			plain[i] = canonical("", inner)
		}
		return plain
	}
	return value
}

// withoutCounts leaves out how often somebody used each field in Discover.
func withoutCounts(fields any) any {
	all, ok := fields.(map[string]any)
	if !ok {
		return fields
	}
	plain := map[string]any{}
	for name, field := range all {
		attributes, ok := field.(map[string]any)
		if !ok {
			plain[name] = field
			continue
		}
		attributes = maps.Clone(attributes)
		if delete(attributes, "count"); len(attributes) > 0 {
			plain[name] = attributes
		}
	}
	return plain
}

// empty tells whether a value is as if it were not there: Kibana adds such ones.
func empty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case map[string]any:
		return len(value) == 0
	case []any:
		return len(value) == 0
	}
	return false
}

// digest is of a value's JSON, whose object keys are sorted: 64 bits tell any two versions of an object apart.
func digest(value any) string {
	content, err := json.Marshal(value)
	if err != nil {
		panic(err) // it was JSON
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}
