package flowindex

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// facts flattens an index template, as it is put or as Elasticsearch returns it, to what a person would say about it: "field source.ip" = "ip",
// "setting index.codec" = "best_compression". Two templates with equal facts are equal.
func facts(template map[string]any) host.Facts {
	found := host.Facts{}
	for name, value := range template {
		if name != "template" {
			flatten(found, strings.ReplaceAll(strings.TrimPrefix(name, "_"), "_", " "), value)
		}
	}
	inner := object(template["template"])
	for name, value := range inner {
		switch name {
		case "settings":
			settings(found, object(value))
		case "mappings":
			mappings(found, object(value))
		default:
			flatten(found, strings.TrimSuffix(name, "es"), value)
		}
	}
	return found
}

// settings may be nested, dotted, and without the prefix index.
func settings(found host.Facts, tree map[string]any) {
	flat := host.Facts{}
	flatten(flat, "", tree)
	for name, value := range flat {
		if !strings.HasPrefix(name, "index.") {
			name = "index." + name
		}
		found["setting "+name] = value
	}
}

func mappings(found host.Facts, tree map[string]any) {
	for name, value := range tree {
		if name == "properties" {
			fields(found, "", object(value))
			continue
		}
		flatten(found, "mapping "+name, value)
	}
}

// fields makes a fact of each field: its type, and its parameters where it has any.
func fields(found host.Facts, prefix string, properties map[string]any) {
	for name, value := range properties {
		field := object(value)
		own := host.Facts{}
		for parameter, value := range field {
			switch parameter {
			case "properties":
				fields(found, prefix+name+".", object(value))
			case "type":
				found["field "+prefix+name] = text(value)
			default:
				flatten(own, parameter, value)
			}
		}
		for parameter, value := range own {
			found["field "+prefix+name+": "+parameter] = value
		}
	}
}

// flatten adds what is in value under name; objects become dotted names, what is empty is left out.
func flatten(found host.Facts, name string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if name != "" {
				key = name + "." + key
			}
			flatten(found, key, inner)
		}
	case []any:
		if len(value) == 0 {
			return
		}
		list := make([]string, len(value))
		for i, element := range value {
			list[i] = text(element)
		}
		found[name] = strings.Join(list, ", ")
	case nil:
	default:
		found[name] = text(value)
	}
}

func text(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

func object(value any) map[string]any {
	tree, _ := value.(map[string]any)
	return tree
}
