package hostresource

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

type privateState map[string][]byte

func (p privateState) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return p[key], nil
}

func (p privateState) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	p[key] = value
	return nil
}

func TestRecordsOutliveAFailedCreation(t *testing.T) {
	ctx := t.Context()
	var r records
	here, there := recordKey{1, "flowstack_x", "flow1"}, recordKey{2, "flowstack_x", "flow1"}
	r.remember(ctx, here, privateState{beforeKey: []byte("first")})
	r.remember(ctx, here, privateState{}) // says nothing
	for name, c := range map[string]struct {
		key  recordKey
		has  privateState
		want string
	}{
		"lost":             {here, privateState{}, "first"},
		"of its own":       {here, privateState{beforeKey: []byte("own")}, "own"},
		"another provider": {there, privateState{}, ""},
	} {
		if diags := r.recall(ctx, c.key, c.has); diags.HasError() || string(c.has[beforeKey]) != c.want {
			t.Errorf("%s: %q, want %q (%v)", name, c.has[beforeKey], c.want, diags)
		}
	}
	r.forget(here)
	lost := privateState{}
	if r.recall(ctx, here, lost); len(lost) > 0 {
		t.Errorf("what is gone is remembered: %q", lost)
	}
}
