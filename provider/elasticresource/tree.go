package elasticresource

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Object is a value of JSON that is an object; nil: it is none.
func Object(value any) map[string]any {
	tree, _ := value.(map[string]any)
	return tree
}

// Flatten adds what is in a value of JSON to facts under a name; objects become dotted names, lists texts with commas, and what is empty is left out.
func Flatten(found host.Facts, name string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if name != "" {
				key = name + "." + key
			}
			Flatten(found, key, inner)
		}
	case []any:
		if len(value) == 0 {
			return
		}
		list := make([]string, len(value))
		for i, element := range value {
			list[i] = Text(element)
		}
		found[name] = strings.Join(list, ", ")
	case nil:
	default:
		found[name] = Text(value)
	}
}

// Text is a value as people write it.
func Text(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// Strings are the texts in a list of JSON.
func Strings(value any) []string {
	list, _ := value.([]any)
	texts := make([]string, len(list))
	for i, element := range list {
		texts[i] = Text(element)
	}
	return texts
}
