package elasticcluster

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// takeSettings takes which settings Elastic's provider manages, or a read would take all that the cluster has.
func takeSettings(from map[string]any) (map[string]attr.Value, error) {
	if len(settingsIn(from["transient"])) > 0 {
		return nil, errors.New("it has transient settings, which flowstack does not set: a restart loses them. Make them persistent, or take them out, and apply that first")
	}
	values := map[string]attr.Value{}
	for _, one := range settingsIn(from["persistent"]) {
		setting := elasticresource.Object(one)
		name, ok := setting["name"].(string)
		if !ok || name == "" {
			return nil, fmt.Errorf("its state has a setting without a name: %v", one)
		}
		value, _ := setting["value"].(string)
		if list := elasticresource.Strings(setting["value_list"]); len(list) > 0 {
			value = strings.Join(list, ",")
		}
		values[name] = types.StringValue(value)
	}
	if len(values) == 0 {
		return nil, errors.New("its state has no settings")
	}
	return map[string]attr.Value{"name": types.StringValue(defaultName), "settings": types.MapValueMust(types.StringType, values)}, nil
}

// settingsIn are those of a block, of which there is at most one.
func settingsIn(blocks any) []any {
	list, ok := blocks.([]any)
	if !ok || len(list) == 0 {
		return nil
	}
	settings, _ := elasticresource.Object(list[0])["setting"].([]any)
	return settings
}
