// Package file is the resource flowstack_file: a file of a host, with its content, owner and mode.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/permissions"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_file"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	permissions.Model
	Content         types.String `tfsdk:"content"`
	ContentSecret   types.String `tfsdk:"content_wo"`
	ContentVersion  types.Int64  `tfsdk:"content_wo_version"`
	ContentRevision types.String `tfsdk:"content_revision"`
	Source          types.String `tfsdk:"source"`
	SHA256          types.String `tfsdk:"sha256"`
	Size            types.Int64  `tfsdk:"size"`
	Validator       types.List   `tfsdk:"validator"`
	Backup          types.Bool   `tfsdk:"backup"`
	FollowSymlinks  types.Bool   `tfsdk:"follow_symlinks"`
}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:          ResourceType,
	Thing:         "file",
	Description:   description,
	Attributes:    attributes(),
	Name:          func(m *Model) *types.String { return &m.Path },
	NameAttribute: "path",
	Validate:      validate,
	Plan:          plan,
	Prepare:       prepare,
	Desired:       desired,
	Import:        imported,
})

var content = secret.Attribute{Name: "content_wo", Key: "content", Thing: "content"}

// MaxContent is the size in bytes of the largest content that a configuration and a state may hold.
const MaxContent = 1 << 20

func validate(_ context.Context, m *Model) diag.Diagnostics {
	diags := m.Validate("file")
	for name, value := range map[string]types.String{"content": m.Content, "content_wo": m.ContentSecret} {
		if size := len(value.ValueString()); size > MaxContent {
			diags.AddAttributeError(path.Root(name), "Unable to keep the content",
				fmt.Sprintf("It has %d bytes, more than %d. Put it into a file, whose path is the attribute source: the state then has its hash alone.", size, MaxContent))
		}
	}
	if mode := m.FileMode(); !m.ContentSecret.IsNull() && mode&0o004 != 0 {
		diags.AddAttributeWarning(path.Root("mode"), "The secret is no secret on the host", "With mode "+m.Mode.ValueString()+" everybody on the host may read it.")
	}
	if m.Validator.IsNull() || m.Validator.IsUnknown() {
		return diags
	}
	for _, argument := range m.Validator.Elements() {
		if text, ok := argument.(types.String); !ok || text.IsUnknown() || strings.Contains(text.ValueString(), "{}") {
			return diags
		}
	}
	diags.AddAttributeError(path.Root("validator"), "Unable to validate the file",
		"None of the arguments has {}, which stands for the path of the temporary file: the program would not see the new content.")
	return diags
}

func plan(ctx context.Context, prior, plan *Model, c hostresource.Context) diag.Diagnostics {
	var before secret.Prior
	if prior != nil {
		before = secret.Prior{Revision: prior.ContentRevision, Facts: prior.Effective}
	}
	var diags, more diag.Diagnostics
	if plan.ContentRevision, diags = content.Plan(ctx, before, c); diags.HasError() {
		return diags
	}
	var mode types.String
	if more = c.Config.GetAttribute(ctx, path.Root("mode"), &mode); mode.IsNull() {
		mode = types.StringValue("0644")
		if !plan.ContentRevision.IsNull() {
			mode = types.StringValue("0600")
		}
	}
	plan.Mode = mode
	diags.Append(more...)
	diags.Append(plan.measure(ctx)...)
	return diags
}

// measure sets the hash and the size of what is to be written.
func (m *Model) measure(ctx context.Context) diag.Diagnostics {
	m.SHA256, m.Size = types.StringNull(), types.Int64Null()
	var source *host.Source
	switch {
	case m.Content.IsUnknown() || m.Source.IsUnknown():
		m.SHA256, m.Size = types.StringUnknown(), types.Int64Unknown()
		return nil
	case !m.Content.IsNull():
		source = host.ContentSource([]byte(m.Content.ValueString()))
	case !m.Source.IsNull():
		var err error
		if source, err = host.LocalSource(ctx, m.Source.ValueString()); err != nil {
			return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("source"), "Unable to read the source of the file", err.Error()+".")}
		}
	default:
		return nil
	}
	m.SHA256, m.Size = types.StringValue(source.SHA256), types.Int64Value(source.Size)
	return nil
}

func prepare(ctx context.Context, plan *Model, c hostresource.Context) diag.Diagnostics {
	planned := plan.SHA256
	diags := plan.measure(ctx)
	if !diags.HasError() && !planned.IsUnknown() && !planned.Equal(plan.SHA256) {
		diags.AddAttributeError(path.Root("source"), "Unable to write the file as planned",
			plan.Source.ValueString()+" has changed since the plan. Plan again.")
	}
	var more diag.Diagnostics
	plan.ContentRevision, more = content.Prepare(ctx, plan.ContentRevision, c)
	diags.Append(more...)
	return diags
}

func desired(ctx context.Context, m *Model, c hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if !m.Known() || m.SHA256.IsUnknown() || m.Validator.IsUnknown() || m.Backup.IsUnknown() || m.FollowSymlinks.IsUnknown() {
		return nil, false, nil
	}
	file := m.item()
	file.Foreign = c.Creating
	for _, argument := range m.Validator.Elements() {
		text, ok := argument.(types.String)
		if !ok || text.IsUnknown() {
			return nil, false, nil
		}
		file.Validate = append(file.Validate, text.ValueString())
	}
	var diags diag.Diagnostics
	switch {
	case !m.Source.IsNull():
		file.Source = &host.Source{SHA256: m.SHA256.ValueString(), Size: m.Size.ValueInt64(), Open: func(context.Context) (io.ReadCloser, error) {
			return os.Open(m.Source.ValueString())
		}}
	case !m.Content.IsNull():
		file.Content = []byte(m.Content.ValueString())
	case !m.ContentRevision.IsNull():
		diags = m.secret(ctx, &file, c)
	default:
		file.Format = importFormat{}
	}
	return host.Desired{file}, true, diags
}

func (m *Model) item() host.File {
	return host.File{
		Path: m.Path.ValueString(), Mode: m.FileMode(), Owner: m.Owner.ValueString(), Group: m.Group.ValueString(),
		Backup: m.Backup.ValueBool(), FollowLinks: m.FollowSymlinks.ValueBool(),
	}
}

// secret is the content of content_wo.
func (m *Model) secret(ctx context.Context, file *host.File, c hostresource.Context) diag.Diagnostics {
	file.Secret, file.SecretRevision = true, m.ContentRevision.ValueString()
	if m.ContentRevision.IsUnknown() {
		file.SecretRevision = hostresource.Unknown
	}
	wanted, diags := content.Wanted(ctx, c)
	file.Content, file.Verify = wanted.Content, wanted.Verify
	return diags
}

// textFact is the fact that has the whole content of a file that is imported.
const textFact = "text"

// importFormat shows a whole file.
type importFormat struct{}

// Facts implements host.Format.
func (importFormat) Facts(content []byte) (map[string]string, error) {
	if len(content) > host.MaxPreviousContent {
		return nil, errors.New("too large to be imported with its content")
	}
	return map[string]string{textFact: string(content)}, nil
}
