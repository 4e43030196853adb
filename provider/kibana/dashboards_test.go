package kibana

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
)

// TestUnrecorded: a set that an older flowstack made knows nothing of the objects that this one adds. One of such an id is somebody else's, and is no part of what was read.
func TestUnrecorded(t *testing.T) {
	object := func(id string) kbn.Object { return kbn.Object{Type: "visualization", ID: id} }
	objects := []kbn.Object{object("made"), object("there-before"), object("added")}
	made := record{object("made").Name(): entry{}}
	fact := types.StringValue("as it is")
	prior := types.MapValueMust(types.StringType, map[string]attr.Value{"visualization/made": fact, "visualization/there-before": fact})
	if got := unrecorded(objects, made, prior); !slices.Equal(got, []kbn.ObjectID{object("there-before").Name()}) {
		t.Errorf("looked for are %v", got)
	}
	if got := unrecorded(objects, made, types.MapUnknown(types.StringType)); len(got) != 2 {
		t.Errorf("before the set is made, looked for are %v", got)
	}
}
