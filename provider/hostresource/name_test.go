package hostresource

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestIDs(t *testing.T) {
	named := func(*Common) *types.String { return nil }
	for _, test := range []struct {
		kind           Kind[Common]
		host, name, id string
	}{
		{Kind[Common]{}, "flow1", "", "flow1"},
		{Kind[Common]{Name: named}, "flow1", "router", "flow1/router"},
		{Kind[Common]{Name: named, NameAttribute: "unit"}, "flow1", "a@b.service", "flow1/a@b.service"},
		{Kind[Common]{Name: named, NameAttribute: "path"}, "flow1", "/etc/motd", "flow1/etc/motd"},
	} {
		if got := test.kind.idOf(test.host, test.name); got != test.id {
			t.Errorf("id of %q on %q is %q, not %q", test.name, test.host, got, test.id)
		}
		if host, name := test.kind.parseID(test.id); host != test.host || name != test.name {
			t.Errorf("%q is read as %q and %q", test.id, host, name)
		}
	}
	paths := Kind[Common]{Name: named, NameAttribute: "path"}
	if _, name := paths.parseID("flow1//etc/motd"); name != "/etc/motd" {
		t.Errorf("a slash too many gives %q", name)
	}
	if _, name := paths.parseID("flow1"); name != "" {
		t.Errorf("no path is read as %q", name)
	}
}
