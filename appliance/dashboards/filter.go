package dashboards

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/field"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Filter chooses documents. Kibana has it in its query language, Elasticsearch in its query DSL. The zero value chooses all.
type Filter struct {
	operator operator
	field    string
	values   []string
	parts    []Filter
}

type operator uint8

const (
	everything operator = iota
	is
	exists
	not
	both
	either
)

// Is chooses documents whose field has one of the values.
func Is(name string, values ...string) Filter {
	return Filter{operator: is, field: name, values: values}
}

// Exists chooses documents that have a field.
func Exists(name string) Filter { return Filter{operator: exists, field: name} }

// Not chooses the documents that a filter does not.
func Not(f Filter) Filter { return Filter{operator: not, parts: []Filter{f}} }

// Both chooses documents that all of the filters choose.
func Both(filters ...Filter) Filter { return Filter{operator: both, parts: filters} }

// Either chooses documents that any of the filters chooses.
func Either(filters ...Filter) Filter { return Filter{operator: either, parts: filters} }

// KQL is the filter in the Kibana Query Language (Kibana 7.17 guide, "Kibana Query Language"); empty for all documents.
func (f Filter) KQL() string {
	switch f.operator {
	case is:
		values := make([]string, len(f.values))
		for i, v := range f.values {
			values[i] = strconv.Quote(v)
		}
		if len(values) == 1 {
			return f.field + ": " + values[0]
		}
		return f.field + ": (" + strings.Join(values, " or ") + ")"
	case exists:
		return f.field + ": *"
	case not:
		return "not " + f.parts[0].inner()
	case both:
		return f.join(" and ")
	case either:
		return f.join(" or ")
	case everything:
	}
	return ""
}

func (f Filter) join(with string) string {
	texts := make([]string, len(f.parts))
	for i, part := range f.parts {
		texts[i] = part.inner()
	}
	return strings.Join(texts, with)
}

func (f Filter) inner() string {
	if f.operator == both || f.operator == either {
		return "(" + f.KQL() + ")"
	}
	return f.KQL()
}

// DSL is the filter in Elasticsearch's query DSL.
func (f Filter) DSL() map[string]any {
	switch f.operator {
	case is:
		if len(f.values) == 1 {
			return object("term", object(f.field, f.values[0]))
		}
		return object("terms", object(f.field, f.values))
	case exists:
		return object("exists", object("field", f.field))
	case not:
		return object("bool", object("must_not", f.queries()))
	case both:
		return object("bool", object("filter", f.queries()))
	case either:
		return object("bool", map[string]any{"should": f.queries(), "minimum_should_match": 1})
	case everything:
	}
	return object("match_all", map[string]any{})
}

func (f Filter) queries() []any {
	all := make([]any, len(f.parts))
	for i, part := range f.parts {
		all[i] = part.DSL()
	}
	return all
}

// All tells whether the filter chooses all documents.
func (f Filter) All() bool { return f.operator == everything }

func (f Filter) check(of *schema.Documents) error {
	if f.operator == is && len(f.values) == 0 {
		return fmt.Errorf("the filter by field %s has no value", f.field)
	}
	if f.field != "" {
		return field.Check(of, f.field, field.Search)
	}
	for _, part := range f.parts {
		if part.All() {
			return fmt.Errorf("the filter %q has an empty part", f.KQL())
		}
		if err := part.check(of); err != nil {
			return err
		}
	}
	return nil
}

func object(key string, value any) map[string]any { return map[string]any{key: value} }
