package hostresource

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// records are those of what was on hosts before, by connection data and id, as reads found them in private state.
//
// Terraform forgets the private state of a resource whose creation failed when it plans the replacement; without the record, the removal of what
// there is would take away what was there before. So the plan puts back what the read just before it has seen.
type records struct{ byID sync.Map }

var seen records

type recordKey struct {
	data     any // one configured provider
	kind, id string
}

func (r *Resource[M, P]) recordKey(m P) recordKey {
	return recordKey{r.Data(), r.kind.Type, r.id(m).ValueString()}
}

func (r *records) remember(ctx context.Context, key recordKey, private Private) diag.Diagnostics {
	record, diags := private.GetKey(ctx, beforeKey)
	if len(record) > 0 {
		r.byID.Store(key, record)
	}
	return diags
}

// recall puts back a record that private state lacks.
func (r *records) recall(ctx context.Context, key recordKey, private Private) diag.Diagnostics {
	have, diags := private.GetKey(ctx, beforeKey)
	record, ok := r.byID.Load(key)
	if diags.HasError() || !ok || len(have) > 0 {
		return diags
	}
	if content, ok := record.([]byte); ok {
		diags.Append(private.SetKey(ctx, beforeKey, content)...)
	}
	return diags
}

// forget is for what is gone: what comes in its place finds the host as it is then.
func (r *records) forget(key recordKey) { r.byID.Delete(key) }
