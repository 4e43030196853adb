package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const elastic = "registry.terraform.io/elastic/elasticstack"

// TestMoves asks by the provider protocol what can be moved from where, and what is taken over. TestMovedFromElasticsProvider does it with a command line.
func TestMoves(t *testing.T) {
	server, schemas, identities := offline(t)
	for name, c := range map[string]struct {
		provider, from, to string
		state              any
		want               map[string]string // of the texts in the state, besides null; of the identity without settings
		settings           map[string]string
		err                string
	}{
		"a role": {
			elastic, "elasticstack_elasticsearch_security_role", "flowstack_elasticsearch_role",
			map[string]any{"id": "uuid/reader", "name": "reader", "cluster": []any{"all"}},
			map[string]string{"name": "reader"},
			nil, "",
		},
		"from another registry": {
			"registry.opentofu.org/elastic/elasticstack", "elasticstack_elasticsearch_security_user", "flowstack_elasticsearch_user",
			map[string]any{"username": "anna", "password": "secret-canary"},
			map[string]string{"username": "anna"},
			nil, "",
		},
		"by OpenTofu 1.11": {
			"elasticstack", "elasticstack_elasticsearch_security_role", "flowstack_elasticsearch_role", map[string]any{"name": "reader"}, map[string]string{"name": "reader"}, nil, "",
		},
		"a space": {elastic, "elasticstack_kibana_space", "flowstack_kibana_space", map[string]any{"space_id": "ops", "name": "Operations"}, map[string]string{"space_id": "ops"}, nil, ""},
		"settings": {
			elastic, "elasticstack_elasticsearch_cluster_settings", "flowstack_elasticsearch_cluster_settings",
			map[string]any{"transient": []any{}, "persistent": []any{map[string]any{"setting": []any{
				map[string]any{"name": "search.max_buckets", "value": "70000", "value_list": []any{}},
				map[string]any{"name": "cluster.routing.allocation.awareness.attributes", "value": "", "value_list": []any{"rack", "zone"}},
			}}}},
			map[string]string{"name": "cluster"},
			map[string]string{"search.max_buckets": "70000", "cluster.routing.allocation.awareness.attributes": "rack,zone"},
			"",
		},
		"transient settings": {
			elastic, "elasticstack_elasticsearch_cluster_settings", "flowstack_elasticsearch_cluster_settings",
			map[string]any{"transient": []any{map[string]any{"setting": []any{map[string]any{"name": "search.max_buckets", "value": "70000"}}}}},
			nil, nil, "it has transient settings",
		},
		"no settings": {elastic, "elasticstack_elasticsearch_cluster_settings", "flowstack_elasticsearch_cluster_settings", map[string]any{"persistent": nil}, nil, nil, "its state has no settings"},
		"a setting without a name": {
			elastic, "elasticstack_elasticsearch_cluster_settings", "flowstack_elasticsearch_cluster_settings",
			map[string]any{"persistent": []any{map[string]any{"setting": []any{map[string]any{"value": "1"}}}}},
			nil, nil, "a setting without a name",
		},
		"no name": {elastic, "elasticstack_kibana_space", "flowstack_kibana_space", map[string]any{"name": "Operations"}, nil, nil, "Unable to move elasticstack_kibana_space to " +
			"flowstack_kibana_space: its state has no space_id."},
		"a connection of its own": {
			elastic, "elasticstack_elasticsearch_security_role", "flowstack_elasticsearch_role",
			map[string]any{"name": "reader", "elasticsearch_connection": []any{map[string]any{"username": "elastic"}}},
			nil, nil, "it has an elasticsearch_connection of its own",
		},
		"another type": {
			elastic, "elasticstack_elasticsearch_security_role_mapping", "flowstack_elasticsearch_role",
			map[string]any{"name": "reader"},
			nil, nil,
			"only elasticstack_elasticsearch_security_role of elastic/elasticstack can, and this is of " + elastic,
		},
		"another provider": {
			"registry.terraform.io/mine/elasticstack", "elasticstack_elasticsearch_security_role", "flowstack_elasticsearch_role",
			map[string]any{"name": "reader"},
			nil, nil,
			"and this is of registry.terraform.io/mine/elasticstack",
		},
		"to what takes nothing": {elastic, "elasticstack_elasticsearch_index_template", "flowstack_flow_index", map[string]any{"name": "flows"}, nil, nil, "nothing can be moved to it: import the object"},
		"no object":             {elastic, "elasticstack_kibana_space", "flowstack_kibana_space", "text", nil, nil, "its state cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			moved, err := server.MoveResourceState(t.Context(), &tfprotov6.MoveResourceStateRequest{
				SourceProviderAddress: c.provider, SourceTypeName: c.from, TargetTypeName: c.to, SourceState: raw(t, c.state),
			})
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			if len(moved.Diagnostics) > 0 {
				said = moved.Diagnostics[0].Summary + ": " + moved.Diagnostics[0].Detail
			}
			if c.err != "" || said != "" {
				if c.err == "" || !strings.Contains(said, c.err) {
					t.Errorf("it says %q, want %q", said, c.err)
				}
				return
			}
			expectTexts(t, "state", moved.TargetState, schemas[c.to].ValueType(), c.want, c.settings)
			expectTexts(t, "identity", moved.TargetIdentity.IdentityData, identities[c.to].ValueType(), c.want, nil)
		})
	}
}

// expectTexts: an object has these texts, and perhaps settings. All else is null.
func expectTexts(t *testing.T, what string, packed *tfprotov6.DynamicValue, kind tftypes.Type, want, settings map[string]string) {
	t.Helper()
	object, err := packed.Unmarshal(kind)
	if err != nil {
		t.Fatal(err)
	}
	var attributes map[string]tftypes.Value
	if err := object.As(&attributes); err != nil {
		t.Fatal(err)
	}
	for name, got := range attributes {
		expected := tftypes.NewValue(got.Type(), nil)
		if text, ok := want[name]; ok {
			expected = tftypes.NewValue(tftypes.String, text)
		}
		if name == "settings" && settings != nil {
			values := map[string]tftypes.Value{}
			for setting, value := range settings {
				values[setting] = tftypes.NewValue(tftypes.String, value)
			}
			expected = tftypes.NewValue(got.Type(), values)
		}
		if !got.Equal(expected) {
			t.Errorf("%s: %s is %s, want %s", what, name, got, expected)
		}
	}
}
