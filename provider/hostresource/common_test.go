package hostresource

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

func TestEffective(t *testing.T) {
	got := Effective(host.Facts{"known": "1", "later": Unknown}).Elements()
	want := map[string]attr.Value{"known": types.StringValue("1"), "later": types.StringUnknown()}
	if !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got))
	}
	c := Common{Effective: Effective(host.Facts{"known": "1", "later": Unknown})}
	if got := c.Facts(); !cmp.Equal(got, host.Facts{"known": "1"}) {
		t.Errorf("what is known: %v", got)
	}
}

func TestSettings(t *testing.T) {
	of := func(values map[string]attr.Value) WithSettings {
		return WithSettings{Settings: types.MapValueMust(types.StringType, values)}
	}
	for name, c := range map[string]struct {
		common WithSettings
		want   map[string]string
		known  bool
	}{
		"none":    {WithSettings{Settings: types.MapNull(types.StringType)}, map[string]string{}, true},
		"unknown": {WithSettings{Settings: types.MapUnknown(types.StringType)}, nil, false},
		"some":    {of(map[string]attr.Value{"a": types.StringValue("1"), "b": types.StringNull()}), map[string]string{"a": "1"}, true},
		"partly":  {of(map[string]attr.Value{"a": types.StringValue("1"), "b": types.StringUnknown()}), nil, false},
	} {
		got, known := c.common.AllSettings()
		if known != c.known || !cmp.Equal(got, c.want) {
			t.Errorf("%s: %v, %t", name, got, known)
		}
	}
	partly := of(map[string]attr.Value{"a": types.StringValue("1"), "b": types.StringUnknown()})
	if got := partly.KnownSettings(); !cmp.Equal(got, map[string]string{"a": "1"}) {
		t.Errorf("what is known: %v", got)
	}
	var set WithSettings
	set.SetSettings(map[string]string{"a": "1"})
	if got, known := set.AllSettings(); !known || got["a"] != "1" || len(got) != 1 {
		t.Errorf("what was set: %v", got)
	}
}
