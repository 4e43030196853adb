package hostresource

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ImportState implements resource.ResourceWithImportState: by the id HOST or HOST/NAME, or by identity. What the host shows becomes the
// state in the Read that follows.
func (r *Resource[M, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var host, name, part types.String
	attribute := r.kind.nameAttribute()
	if req.ID != "" {
		onHost, named := r.kind.parseID(req.ID)
		first, second := r.kind.parseNames(named)
		host, name, part = types.StringValue(onHost), types.StringValue(first), types.StringValue(second)
	} else {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("host"), &host)...)
		if attribute != "" {
			resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(attribute), &name)...)
		}
		if r.kind.Part != nil {
			resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(r.kind.Part.Attribute), &part)...)
		}
		if resp.Diagnostics.HasError() {
			return
		}
	}
	if attribute != "" && name.ValueString() == "" {
		name = types.StringValue(r.kind.DefaultName)
	}
	if (attribute == "") != (name.ValueString() == "") || (r.kind.Part == nil) != (part.ValueString() == "") || host.ValueString() == "" {
		resp.Diagnostics.AddError("Unable to import the "+r.kind.Thing, "The import id has the form "+r.kind.idForm()+".")
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("host"), host)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("host"), host)...)
	if attribute != "" {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(attribute), name)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root(attribute), name)...)
	}
	if r.kind.Part != nil {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(r.kind.Part.Attribute), part)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root(r.kind.Part.Attribute), part)...)
	}
}

// idForm says how an import id is written.
func (k Kind[M]) idForm() string {
	switch {
	case k.Name == nil:
		return `"HOST", such as "flow1"`
	case k.nameAttribute() == pathAttribute:
		return `"HOST/PATH", such as "flow1/etc/motd"`
	case k.Part != nil:
		return fmt.Sprintf(`"HOST/%s/%s"`, strings.ToUpper(k.nameAttribute()), strings.ToUpper(k.Part.Attribute))
	case k.DefaultName != "":
		return `"HOST" or "HOST/NAME", such as "flow1"`
	}
	return `"HOST/NAME"`
}
