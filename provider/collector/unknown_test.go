package collector

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// What is unknown may come to be null: a module can have a variable for each of the two.
func TestTwoProofsOnceTheyAreKnown(t *testing.T) {
	file, password := types.StringValue("/etc/collector.key"), types.StringValue("x")
	for name, c := range map[string]struct {
		file, password types.String
		refused        bool
	}{
		"both":             {file, password, true},
		"file":             {file, types.StringNull(), false},
		"password":         {types.StringNull(), password, false},
		"unknown file":     {types.StringUnknown(), password, false},
		"unknown password": {file, types.StringUnknown(), false},
	} {
		m := Model{ElasticsearchKeyFile: c.file, ElasticsearchPassword: c.password}
		if diags := m.validateKeyFile(); diags.HasError() != c.refused {
			t.Errorf("%s: %v", name, diags)
		}
	}
}
