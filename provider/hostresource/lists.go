package hostresource

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Strings are the strings among the elements of a list or set; known is false when any of them is not, or all of it.
func Strings(of interface {
	attr.Value
	Elements() []attr.Value
},
) (values []string, known bool) {
	if of.IsUnknown() {
		return nil, false
	}
	known = true
	for _, element := range of.Elements() {
		text, ok := element.(types.String)
		if !ok || text.IsUnknown() {
			known = false
			continue
		}
		if !text.IsNull() {
			values = append(values, text.ValueString())
		}
	}
	return values, known
}

// StringList is the inverse of Strings for lists. No values are null.
func StringList(values []string) types.List {
	if len(values) == 0 {
		return types.ListNull(types.StringType)
	}
	elements := make([]attr.Value, len(values))
	for i, value := range values {
		elements[i] = types.StringValue(value)
	}
	return types.ListValueMust(types.StringType, elements)
}
