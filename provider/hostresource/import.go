package hostresource

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ImportState implements resource.ResourceWithImportState: by the id HOST or HOST/NAME, or by identity. What the host shows becomes the
// state in the Read that follows.
func (r *Resource[M, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var host, name types.String
	if req.ID != "" {
		first, rest, _ := strings.Cut(req.ID, "/")
		host, name = types.StringValue(first), types.StringValue(rest)
	} else {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("host"), &host)...)
		if r.kind.Name != nil {
			resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("name"), &name)...)
		}
		if resp.Diagnostics.HasError() {
			return
		}
	}
	if r.kind.Name == nil && name.ValueString() != "" || host.ValueString() == "" {
		form := "HOST"
		if r.kind.Name != nil {
			form = "HOST/NAME"
		}
		resp.Diagnostics.AddError("Unable to import the "+r.kind.Thing, `The import id has the form "`+form+`", such as "flow1".`)
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("host"), host)...)
	if r.kind.Name != nil {
		if name.ValueString() == "" {
			name = types.StringValue(r.kind.DefaultName)
		}
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), name)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("name"), name)...)
	}
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("host"), host)...)
}
