package elasticfake

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func object(value any) map[string]any {
	tree, _ := value.(map[string]any)
	return tree
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

func texts(value any) []string {
	switch value := value.(type) {
	case string:
		return strings.Split(value, ",")
	case []any:
		list := make([]string, 0, len(value))
		for _, one := range value {
			list = append(list, scalar(one))
		}
		return list
	}
	return nil
}

func list(values []string) []any {
	all := make([]any, len(values))
	for i, value := range values {
		all[i] = value
	}
	return all
}

// scalar is a value as settings are returned: a text.
func scalar(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(value)
	}
	return ""
}

// flatten makes dotted names of nested settings; null is kept as a missing text by the caller.
func flatten(into map[string]any, prefix string, tree map[string]any) map[string]any {
	for name, value := range tree {
		if prefix != "" {
			name = prefix + "." + name
		}
		switch value := value.(type) {
		case map[string]any:
			flatten(into, name, value)
		case []any:
			into[name] = strings.Join(texts(value), ",")
		case nil:
			into[name] = nil
		default:
			into[name] = scalar(value)
		}
	}
	return into
}

// nest is the inverse.
func nest(flat map[string]string) map[string]any {
	root := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		at, parts := root, strings.Split(name, ".")
		for i, part := range parts[:len(parts)-1] {
			next := object(at[part])
			if next == nil {
				if at[part] != nil { // a.b is a setting, and a.b.c another
					at[strings.Join(parts[i:], ".")] = flat[name]
					break
				}
				next = map[string]any{}
				at[part] = next
			}
			at = next
		}
		if at[parts[len(parts)-1]] == nil {
			at[parts[len(parts)-1]] = flat[name]
		}
	}
	return root
}

// copied shares nothing with tree.
func copied(tree map[string]any) map[string]any {
	text, err := json.Marshal(tree)
	if err != nil {
		panic(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

// matches tells whether a pattern, whose only wildcard is *, fits a name.
func matches(pattern, name string) bool {
	first, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for {
		if matches(rest, name) {
			return true
		}
		if name == "" {
			return false
		}
		name = name[1:]
	}
}

// overlap tells whether there is a name that both patterns fit.
func overlap(a, b string) bool {
	switch {
	case a == "" && b == "":
		return true
	case a != "" && a[0] == '*':
		return overlap(a[1:], b) || b != "" && overlap(a, b[1:])
	case b != "" && b[0] == '*':
		return overlap(b, a)
	}
	return a != "" && b != "" && a[0] == b[0] && overlap(a[1:], b[1:])
}
