package elasticresource_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/acctest/kibanafake"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsecurity"
	"github.com/flowstack/terraform-provider-flowstack/provider/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// servers are a host, and an Elasticsearch and a Kibana behind it in which somebody has worked by hand.
type servers struct {
	host          *providertest.Host
	elasticsearch *providertest.Elasticsearch
	kibana        *providertest.Kibana
	block         providertest.Block
}

func start(t *testing.T) servers {
	t.Helper()
	h, e, k := providertest.StartHost(t, nil), providertest.StartElasticsearch(t), providertest.StartKibana(t)
	e.LeaveDisabledUser("writer", "secret-canary")
	for name, privilege := range map[string]string{"flow_reader": "read", "flow_writer": "create_doc"} {
		e.SetRole(name, map[string]any{"cluster": []string{"monitor"}, "indices": []any{map[string]any{"names": []string{"flows"}, "privileges": []string{privilege}}}})
	}
	k.SetSpace(kibanafake.Space{ID: "noc", Name: "Operations", Color: "#00bfb3", DisabledFeatures: []string{"ml"}})
	k.SetObject("noc", kibanafake.Object{Type: "index-pattern", ID: "flows-*", Attributes: map[string]any{"title": "flows-*", "timeFieldName": "@timestamp"}})
	k.SetObject("noc", kibanafake.Object{
		Type: "dashboard", ID: "d1", Attributes: map[string]any{"title": "Traffic"},
		References: []kibanafake.Reference{{Name: "i", Type: "index-pattern", ID: "flows-*"}},
	})
	k.SetObject("noc", kibanafake.Object{Type: "tag", ID: "t1", Attributes: map[string]any{"name": "flows"}})
	return servers{h, e, k, providertest.Block{
		Hosts:         map[string]map[string]tftypes.Value{"flow1": providertest.HostEntry(h.Host, h.Port, h.HostKey, h.PrivateKey)},
		Elasticsearch: providertest.ServerEntry(e.URL, e.Password, e.CA),
		Kibana:        providertest.ServerEntry(k.URL, k.Password, k.CA),
	}}
}

func text(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }

func texts(values ...string) tftypes.Value {
	list := make([]tftypes.Value, len(values))
	for i, value := range values {
		list[i] = text(value)
	}
	return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, list)
}

// inSpace are the attributes of a query for objects.
func inSpace(space string, more map[string]tftypes.Value) map[string]tftypes.Value {
	config := map[string]tftypes.Value{"space": text(space)}
	for name, value := range more {
		config[name] = value
	}
	return config
}

// result is one that is wanted, with what of the resource has to be there.
type result struct {
	display            string
	identity, resource map[string]any
}

func TestList(t *testing.T) {
	s := start(t)
	for name, c := range map[string]struct {
		query providertest.Query
		want  []result
	}{
		"users": {providertest.Query{Type: elasticsecurity.UserType}, []result{
			{"writer", map[string]any{"username": "writer"}, map[string]any{"id": "writer", "username": "writer", "enabled": false}},
		}},
		"roles": {providertest.Query{Type: elasticsecurity.RoleType}, []result{
			{"flow_reader (monitor)", map[string]any{"name": "flow_reader"}, map[string]any{"cluster": []any{"monitor"}}},
			{"flow_writer (monitor)", map[string]any{"name": "flow_writer"}, map[string]any{"id": "flow_writer"}},
		}},
		"roles by a pattern": {providertest.Query{Type: elasticsecurity.RoleType, Config: map[string]tftypes.Value{"name_pattern": text("*_writer")}}, []result{
			{"flow_writer (monitor)", map[string]any{"name": "flow_writer"}, nil},
		}},
		"spaces": {providertest.Query{Type: kibana.SpaceType}, []result{
			{"default (Default)", map[string]any{"space_id": "default"}, map[string]any{"name": "Default"}},
			{"noc (Operations)", map[string]any{"space_id": "noc"}, map[string]any{"color": "#00bfb3", "disabled_features": []any{"ml"}}},
		}},
		"objects": {providertest.Query{Type: kibana.ObjectType, Config: inSpace("noc", nil)}, []result{
			{
				"noc/dashboard/d1 (Traffic)",
				map[string]any{"space": "noc", "type": "dashboard", "object_id": "d1"},
				map[string]any{"attributes": `{"title":"Traffic"}`, "references": []any{map[string]any{"name": "i", "type": "index-pattern", "id": "flows-*"}}},
			},
			{
				"noc/index-pattern/flows-* (flows-*)",
				map[string]any{"space": "noc", "type": "index-pattern", "object_id": "flows-*"},
				map[string]any{"id": "noc/index-pattern/flows-*", "attributes": `{"timeFieldName":"@timestamp","title":"flows-*"}`},
			},
		}},
		"objects of a type": {
			providertest.Query{Type: kibana.ObjectType, Config: inSpace("noc", map[string]tftypes.Value{"types": texts("tag")})},
			[]result{{"noc/tag/t1 (flows)", map[string]any{"space": "noc", "type": "tag", "object_id": "t1"}, nil}},
		},
		"objects of the default space": {providertest.Query{Type: kibana.ObjectType}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, whole := range []bool{false, true} {
				c.query.IncludeResource = whole
				got := providertest.List(t.Context(), t, s.block, c.query)
				if len(got.Errors) > 0 || len(got.Results) != len(c.want) {
					t.Fatalf("%+v", got)
				}
				for i, want := range c.want {
					is := got.Results[i]
					if is.DisplayName != want.display || !cmp.Equal(is.Identity, want.identity) || whole == (is.Resource == nil) {
						t.Errorf("%+v is not %+v", is, want)
					}
					for attribute, value := range want.resource {
						if whole && !cmp.Equal(is.Resource[attribute], value) {
							t.Errorf("%s has %s %v, not %v", is.DisplayName, attribute, is.Resource[attribute], value)
						}
					}
				}
			}
		})
	}
}

// TestListPages: Kibana answers with no more than 1000 objects at once.
func TestListPages(t *testing.T) {
	s := start(t)
	for i := range 1001 {
		s.kibana.SetObject("default", kibanafake.Object{Type: "search", ID: strings.Repeat("x", i+1), Attributes: map[string]any{}})
	}
	s.kibana.Requests()
	got := providertest.List(t.Context(), t, s.block, providertest.Query{Type: kibana.ObjectType})
	asked := slices.DeleteFunc(s.kibana.Requests(), func(r string) bool { return !strings.HasSuffix(r, "_find") })
	if len(got.Errors) > 0 || len(got.Results) != 1001 || len(asked) != 2 {
		t.Errorf("%d results of %q, errors %q", len(got.Results), asked, got.Errors)
	}
}

func TestListMistakes(t *testing.T) {
	s := start(t)
	wantError := func(block providertest.Block, query providertest.Query, words ...string) {
		t.Helper()
		got := providertest.List(t.Context(), t, block, query)
		if len(got.Errors) != 1 || len(got.Results) > 0 {
			t.Fatalf("%+v", got)
		}
		for _, word := range words {
			if !strings.Contains(got.Errors[0], word) {
				t.Errorf("%q is not in %s", word, got.Errors[0])
			}
		}
	}
	users, spaces := providertest.Query{Type: elasticsecurity.UserType}, providertest.Query{Type: kibana.SpaceType}
	wantError(s.block, providertest.Query{Type: kibana.ObjectType, Config: inSpace("nowhere", nil)}, "There is no space nowhere")
	none := providertest.Block{Hosts: s.block.Hosts}
	wantError(none, users, "Unable to list flowstack_elasticsearch_user", "add elasticsearch = { … }")
	wantError(none, spaces, "Unable to list flowstack_kibana_space", "add kibana = { … }")
	other := s.block
	other.Elasticsearch = providertest.ServerEntry(s.elasticsearch.URL, "wrong", s.elasticsearch.CA)
	wantError(other, users, "401", "check username and password")
	s.elasticsearch.Fail(&providertest.Failure{Status: http.StatusForbidden, Body: `{"error":{"type":"security_exception","reason":"unauthorized"},"status":403}`})
	wantError(s.block, users, "403", "manage_security")
	s.host.Stop()
	wantError(s.block, spaces, "refused", "flow1")
}
