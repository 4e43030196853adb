package pki

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// TestNamesWhileTheHostDoesNotAnswer: a plan takes the names of the state for true, but never those of another configuration.
func TestNamesWhileTheHostDoesNotAnswer(t *testing.T) {
	configured := func(name string) *Names {
		return &Names{
			DNSNames: setOf([]string{name}), IPAddresses: types.SetNull(types.StringType), HostNames: types.BoolValue(true),
		}
	}
	prior := configured("a.example.net")
	prior.AllNames, prior.AllAddresses = setOf([]string{"a.example.net", "flow1"}), setOf([]string{"127.0.0.1"})
	for name, unknown := range map[string]bool{"a.example.net": false, "b.example.net": true} {
		n := configured(name)
		if diags := n.decide(t.Context(), prior, hostresource.Context{}, false); len(diags) > 0 {
			t.Errorf("%s: %v", name, diags)
		}
		if n.AllNames.IsUnknown() != unknown || n.AllAddresses.IsUnknown() != unknown || !unknown && !n.AllNames.Equal(prior.AllNames) {
			t.Errorf("%s: names %v, addresses %v", name, n.AllNames, n.AllAddresses)
		}
	}
}
