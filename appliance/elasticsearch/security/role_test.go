package security

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// TestRoleFacts: a role as 7.17.29 returns it, changed by hand in what the resource has no attribute for, too.
func TestRoleFacts(t *testing.T) {
	var role Role
	if err := json.Unmarshal([]byte(`{"cluster":["monitor","manage_ilm"],"indices":[
		{"names":["flows*","b"],"privileges":["read","create_doc"],"allow_restricted_indices":false},
		{"names":["b","flows*"],"privileges":["all"],"field_security":{"grant":["*"]},"query":"{}","allow_restricted_indices":true}],
		"applications":[{"application":"kibana-.kibana","privileges":["read"],"resources":["*"]}],"run_as":["x"],
		"metadata":{"managed_by":"flowstack"},"transient_metadata":{"enabled":true}}`), &role); err != nil {
		t.Fatal(err)
	}
	want := host.Facts{
		"cluster privileges": "manage_ilm, monitor", "indices b, flows*": "create_doc, read", "indices b, flows* (2)": "all",
		"indices b, flows*: restricted ones": "allowed", "indices b, flows*: query": `"{}"`, "indices b, flows*: fields": `{"grant":["*"]}`,
		"application kibana-.kibana on *": "read", "run as": "x", "metadata managed_by": "flowstack",
	}
	if diff := cmp.Diff(want, role.Facts()); diff != "" {
		t.Error(diff)
	}
}

func TestKnownPrivileges(t *testing.T) {
	for privilege, want := range map[string]bool{"monitor": true, "monitr": false, "cluster:monitor/*": true, "create_doc": false, "": false} {
		if got := Known(privilege, ClusterPrivileges); got != want {
			t.Errorf("%q: %t", privilege, got)
		}
	}
	for _, on := range CollectorRole("flows").Indices {
		for _, privilege := range on.Privileges {
			if !Known(privilege, IndexPrivileges) {
				t.Errorf("the collector's %s is not known", privilege)
			}
		}
	}
}
