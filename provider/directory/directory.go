// Package directory is the resource flowstack_directory: a directory of a host, with its owner and mode.
package directory

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/permissions"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_directory"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	permissions.Model
}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:  ResourceType,
	Thing: "directory",
	Description: "A directory of a host, with its owner and mode. Its parent has to be there, and a symbolic link in its place is refused. What is in it is not looked at. " +
		"Destroying the resource removes the directory when it is empty, or gives one that was there before its owner and mode back.",
	Attributes: permissions.Attributes(schema.StringAttribute{
		Default:             stringdefault.StaticString("0755"),
		MarkdownDescription: "Permissions in octal digits, such as `0750`. Default `0755`.",
	}),
	Name:          func(m *Model) *types.String { return &m.Path },
	NameAttribute: "path",
	Validate:      func(_ context.Context, m *Model) diag.Diagnostics { return m.Validate("directory") },
	Desired:       desired,
	Import:        imported,
	Stays:         stays,
})

func (m *Model) item() host.Directory {
	return host.Directory{Path: m.Path.ValueString(), Mode: m.FileMode(), Owner: m.Owner.ValueString(), Group: m.Group.ValueString()}
}

func desired(_ context.Context, m *Model, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if !m.Known() {
		return nil, false, nil
	}
	return host.Desired{m.item()}, true, nil
}

func imported(_ context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	item := m.item()
	if kind := facts[item.ID()]; kind != host.Present {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to import the directory", "At "+item.Path+" there is a "+kind+".")}
	}
	m.Import(item, facts)
	return nil
}

// stays: others have put something into the directory that we made.
func stays(desired host.Desired, facts host.Facts, before host.Before) string {
	for _, item := range desired {
		directory, ok := item.(host.Directory)
		if ok && facts[item.ID()] == host.Present && !before.Directories[directory.Path].Existed {
			return "The directory " + directory.Path + " is not empty: what is in it is not ours. Remove it by hand when nobody needs it."
		}
	}
	return ""
}
