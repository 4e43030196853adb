package elasticsearch_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
)

func TestVoters(t *testing.T) {
	node, _ := serve(t, map[string][]string{"GET /_cluster/state/metadata,nodes": {
		`{"metadata":{"cluster_coordination":{"last_committed_config":["3","1","2"]}},"nodes":{"1":{"name":"a"},"3":{"name":"c"},"4":{"name":"data"}}}`,
	}})
	v, err := node.Voters(t.Context())
	want := elasticsearch.Voters{Present: []string{"a", "c"}, Missing: []string{"2"}, Others: []string{"data"}}
	if err != nil || !cmp.Equal(v, want) {
		t.Errorf("%v, %s", err, cmp.Diff(want, v))
	}
}

func TestVotersWithout(t *testing.T) {
	voters := func(present, missing, others string) elasticsearch.Voters {
		return elasticsearch.Voters{Present: strings.Fields(present), Missing: strings.Fields(missing), Others: strings.Fields(others)}
	}
	for name, c := range map[string]struct {
		voters  elasticsearch.Voters
		known   string
		refusal string // part of it; empty: the node may go
	}{
		"all three are there":      {voters("a b c", "", ""), "a b c", ""},
		"one of three is away":     {voters("a b", "3", ""), "a b c", "of 3 nodes that elect the master, 1 are away (c): without a, too, there would be 1, and 2 are needed"},
		"one of unknown name":      {voters("a b", "3", ""), "", "1 are away (of unknown names, with the ids 3)"},
		"a node without a vote":    {voters("b c", "3", "a"), "b c d", ""},
		"one of five is away":      {voters("a b c d", "5", ""), "a b c d e", ""},
		"two of five are away":     {voters("a b c", "4 5", ""), "a b c d e", "2 are away (d, e): without a, too, there would be 2, and 3 are needed"},
		"the one vote of two":      {voters("a", "", "b"), "a b", ""}, // it stands still meanwhile: nothing helps
		"two votes, and both":      {voters("a b", "", ""), "a b", ""},
		"two votes, and one there": {voters("a", "2", ""), "a b", "(b): without a, too, there would be 0, and 2 are needed"},
		"a data node is away":      {voters("a b c", "", ""), "a b c d", ""},
	} {
		err := c.voters.Without("a", strings.Fields(c.known))
		if (err == nil) != (c.refusal == "") || err != nil && !strings.Contains(err.Error(), c.refusal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPeers(t *testing.T) {
	node, _ := serve(t, map[string][]string{"GET /_nodes/http": {
		`{"nodes":{"1":{"name":"a","http":{"publish_address":"192.0.2.1:9200"}},"2":{"name":"b","http":{"publish_address":"es2.example/192.0.2.2:9200"}},` +
			`"3":{"name":"c","http":{"publish_address":"[2001:db8::3]:9200"}},"4":{"name":"d"}}}`,
	}})
	got, err := node.Peers(t.Context(), "a")
	if want := []string{"192.0.2.2:9200", "[2001:db8::3]:9200"}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}
