package elasticresource

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ImportState implements resource.ResourceWithImportState: by the name, with what it is within before it, as id, or by identity. What the server has
// becomes the state in the Read that follows.
func (r *Resource[M, O, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if r.kind.NotImported != "" {
		resp.Diagnostics.AddError("Unable to import "+r.kind.Thing, r.kind.NotImported)
		return
	}
	if len(r.kind.Within) == 0 {
		at := path.Root(r.kind.nameAttribute())
		resource.ImportStatePassthroughWithIdentity(ctx, at, at, req, resp)
		return
	}
	parts := r.kind.parts()
	var forms []string
	for _, part := range parts {
		forms = append(forms, strings.ToUpper(part.Attribute))
	}
	given := strings.SplitN(req.ID, "/", len(parts))
	for i, part := range parts {
		value := types.StringNull()
		switch {
		case req.ID != "" && i < len(given):
			value = types.StringValue(given[i])
		case req.ID == "":
			if resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(part.Attribute), &value)...); resp.Diagnostics.HasError() {
				return
			}
		}
		if value.IsNull() && part.Default != "" && req.ID == "" {
			value = types.StringValue(part.Default)
		}
		if value.ValueString() == "" {
			resp.Diagnostics.AddError("Unable to import the "+r.kind.Thing, "The import id has the form "+strings.Join(forms, "/")+".")
			return
		}
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(part.Attribute), value)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root(part.Attribute), value)...)
	}
}
