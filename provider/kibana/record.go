package kibana

import (
	"context"
	"encoding/json"
	"fmt"

	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// record is, in private state, what a set of dashboards made in Kibana: what is not in it is not ours.
type record map[kbn.ObjectID]entry

// entry is one object that was made.
type entry struct {
	Fact    string            `json:"fact"`              // of the object in the file it was made of
	Parts   map[string]string `json:"parts,omitempty"`   // digests of what Kibana made of it; nil: not known, it is made anew
	Existed bool              `json:"existed,omitempty"` // there was another one in its place
	Before  json.RawMessage   `json:"before,omitempty"`  // that one, if it was not too large

	sourceParts map[string]string
}

// largestKept is the size in octets of the largest object that is kept to be put back.
const largestKept = 64 << 10

const recordKey = "objects"

func entryOf(object kbn.Object) entry {
	return entry{Fact: factOf(object), sourceParts: object.Parts()}
}

func loadRecord(ctx context.Context, private hostresource.Private) (record, error) {
	data, diags := private.GetKey(ctx, recordKey)
	if diags.HasError() {
		return nil, fmt.Errorf("unable to read the private state: %v", diags)
	}
	if len(data) == 0 {
		return record{}, nil
	}
	entries := map[string]entry{}
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, fmt.Errorf("unable to read the record of what was made in Kibana: %w", err)
	}
	r := record{}
	for name, made := range entries {
		if id, ok := kbn.ParseObjectID(name); ok {
			r[id] = made
		}
	}
	return r, nil
}

func (r record) save(ctx context.Context, private hostresource.Private) error {
	entries := map[string]entry{}
	for id, made := range r {
		entries[id.String()] = made
	}
	data, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	if diags := private.SetKey(ctx, recordKey, data); diags.HasError() {
		return fmt.Errorf("unable to write the private state: %v", diags)
	}
	return nil
}
