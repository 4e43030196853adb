package elasticsearch

import "strings"

// List writes the value of a setting that is a list; Elements is its inverse.
func List(elements []string) string { return strings.Join(elements, ", ") }

// Elements are those of a setting that is a list.
func Elements(value string) []string {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	elements := strings.Split(value, ",")
	for i, element := range elements {
		elements[i] = strings.TrimSpace(element)
	}
	return elements
}
