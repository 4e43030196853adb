package elasticfake

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
)

// fieldTypes are those that are used here. "Field data types".
var fieldTypes = map[string]bool{
	"keyword": true, "text": true, "ip": true, "long": true, "integer": true, "short": true, "byte": true, "double": true, "float": true, "date": true,
	"boolean": true, "geo_point": true, "flattened": true, "constant_keyword": true, "object": true, "nested": true, "scaled_float": true, "binary": true,
}

// checkMappings refuses what no index could be made with.
func checkMappings(mappings map[string]any) *failure {
	return checkFields("", object(mappings["properties"]))
}

func checkFields(prefix string, properties map[string]any) *failure {
	for name, value := range properties {
		field := object(value)
		if kind := text(field["type"]); kind != "" && !fieldTypes[kind] {
			reason := fmt.Sprintf("No handler for type [%s] declared on field [%s]", kind, name)
			return &failure{
				status: http.StatusBadRequest, kind: "mapper_parsing_exception", reason: "Failed to parse mapping [_doc]: " + reason,
				cause: fail(http.StatusBadRequest, "mapper_parsing_exception", reason), root: fail(http.StatusBadRequest, "mapper_parsing_exception", reason),
			}
		}
		if failed := checkFields(prefix+name+".", object(field["properties"])); failed != nil {
			return failed
		}
	}
	return nil
}

// mergeMappings adds mappings to those of an index. What is there cannot become another type.
func mergeMappings(into, more map[string]any) *failure {
	for name, value := range more {
		if name != "properties" {
			into[name] = value
			continue
		}
		properties := object(into["properties"])
		if properties == nil {
			properties = map[string]any{}
		}
		if failed := mergeFields("", properties, object(value)); failed != nil {
			return failed
		}
		into["properties"] = properties
	}
	return nil
}

func mergeFields(prefix string, into, more map[string]any) *failure {
	for name, value := range more {
		field, old := object(value), object(into[name])
		if old == nil {
			into[name] = value
			continue
		}
		if inner := object(field["properties"]); inner != nil {
			properties := object(old["properties"])
			if properties == nil {
				return illegal("can't merge a non object mapping [%s%s] with an object mapping", prefix, name)
			}
			if failed := mergeFields(prefix+name+".", properties, inner); failed != nil {
				return failed
			}
			continue
		}
		if was, is := old["type"], field["type"]; was != is {
			return illegal("mapper [%s%s] cannot be changed from type [%v] to [%v]", prefix, name, was, is)
		}
		for _, parameter := range []string{"index", "doc_values"} {
			was, is := said(old, parameter), said(field, parameter)
			if was != is {
				return illegal("Mapper for [%s%s] conflicts with existing mapper:\n\tCannot update parameter [%s] from [%t] to [%t]", prefix, name, parameter, was, is)
			}
		}
		into[name] = value
	}
	return nil
}

// said is a parameter that is true where nothing is said.
func said(field map[string]any, parameter string) bool {
	value, found := field[parameter].(bool)
	return value || !found
}

// hasField tells whether a field with a dotted name is mapped.
func hasField(mappings map[string]any, name string) bool {
	at := object(mappings["properties"])
	parts := strings.Split(name, ".")
	for i, part := range parts {
		field := object(at[part])
		if field == nil {
			return false
		}
		if i == len(parts)-1 {
			return !reflect.ValueOf(field["type"]).IsZero()
		}
		at = object(field["properties"])
	}
	return false
}
