package elasticsearch

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

func plan(ctx context.Context, prior, plan *Model, c hostresource.Context) diag.Diagnostics {
	diags := planEntries(ctx, prior, plan, c)
	plan.ClusterUUID = types.StringUnknown()
	if prior != nil {
		plan.ClusterUUID = prior.ClusterUUID
		diags.Append(checkUpgrade(prior.Version, plan.Version)...)
	}
	var size types.String
	if diags.Append(c.Config.GetAttribute(ctx, path.Root("heap_size"), &size)...); diags.HasError() || !size.IsNull() {
		return diags
	}
	plan.HeapSize = types.StringUnknown()
	heap, err := plan.heap(ctx, c)
	switch {
	case err != nil:
		diags.AddAttributeError(path.Root("heap_size"), unableHeap, connection.Explain(err)+".")
	case heap != "":
		plan.HeapSize = types.StringValue(heap)
	case prior != nil:
		plan.HeapSize = prior.HeapSize // the host does not answer: as it was
	}
	return diags
}

const unableHeap = "Unable to compute the heap of Elasticsearch"

// heap is the right one for the host's memory; empty while that is not known.
func (m *Model) heap(ctx context.Context, c hostresource.Context) (string, error) {
	if c.Host == nil || m.Beside.IsUnknown() {
		return "", nil
	}
	inventory, err := host.TakeInventory(ctx, c.Host)
	if err != nil {
		return "", err
	}
	heap, err := elasticsearch.Heap(int64(inventory.MemoryBytes), len(m.Beside.Elements()) > 0)
	if err != nil {
		return "", fmt.Errorf("%w; give heap_size for a trial", err)
	}
	return heap, nil
}

func prepare(ctx context.Context, plan *Model, c hostresource.Context) diag.Diagnostics {
	revision, diags := entries.Prepare(ctx, plan.KeystoreRevision, c)
	plan.KeystoreRevision = revision
	if plan.KeystoreEntries.IsUnknown() {
		of, bootstrap, more := configured(ctx, c.Config)
		diags.Append(more...)
		plan.KeystoreEntries = stringSet(configuredEntries(of, bootstrap).Names)
	}
	if plan.HeapSize.IsUnknown() {
		heap, err := plan.heap(ctx, c)
		if err != nil {
			diags.AddAttributeError(path.Root("heap_size"), unableHeap, connection.Explain(err)+".")
		}
		plan.HeapSize = types.StringValue(heap)
	}
	return diags
}

// checkUpgrade refuses what Elasticsearch does not do: data of a newer version cannot be read by an older one, and 8 reads those of 7.17 at the earliest.
func checkUpgrade(from, to types.String) diag.Diagnostics {
	if from.IsNull() || to.IsUnknown() || from.Equal(to) {
		return nil
	}
	const summary = "Unable to change the version of Elasticsearch"
	at := path.Root("version")
	if older(to.ValueString(), from.ValueString()) {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(at, summary, fmt.Sprintf("A node of %s cannot read what %s wrote: restore a snapshot into a new node instead.",
			to.ValueString(), from.ValueString()))}
	}
	if strings.HasPrefix(from.ValueString(), "7.") && !strings.HasPrefix(from.ValueString(), "7.17.") && strings.HasPrefix(to.ValueString(), "8.") {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(at, summary, "The way to 8 goes by 7.17: apply version "+elasticsearch.DefaultVersion+" first.")}
	}
	return nil
}

// older compares versions number by number.
func older(a, b string) bool {
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(left), len(right)) {
		l, err1 := strconv.Atoi(left[i])
		r, err2 := strconv.Atoi(right[i])
		if err1 != nil || err2 != nil || l == r {
			continue
		}
		return l < r
	}
	return false
}
