package file

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/permissions"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

const description = "A file of a host, with its content, owner and mode. It is written whole: to a temporary file beside it, with its owner and mode before " +
	"its content, accepted by a validator if there is one, and renamed. Access control lists, extended attributes and the SELinux context of a file it replaces stay. " +
	"Its directory has to be there, see [`flowstack_directory`](directory.md).\n\n" +
	"Destroying the resource puts back the file that was there before it. For that one of up to 64 KiB is kept in the resource's private state; " +
	"a larger one, or one in whose place a secret comes, is refused unless `backup` is set. A file that has the content already is taken over. " +
	"A file that was imported is removed; with `backup` it stays."

func attributes() map[string]schema.Attribute {
	all := permissions.Attributes(schema.StringAttribute{
		MarkdownDescription: "Permissions in octal digits, such as `0640`. Default `0644`, and `0600` with `content_wo`.",
	})
	maps.Copy(all, map[string]schema.Attribute{
		"content": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The content, up to 1 MiB. It is in the state. Exactly one of `content`, `source` and `content_wo` is needed.",
			Validators: []validator.String{stringvalidator.ExactlyOneOf(
				path.MatchRoot("content"), path.MatchRoot("source"), path.MatchRoot("content_wo"),
			)},
		},
		"source": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "A file on the machine that runs Terraform, of any size, whose content it is. It is streamed to the host; the state has its SHA-256 and size alone. " +
				"A changed one is noticed.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"content_wo": schema.StringAttribute{
			Optional:  true,
			WriteOnly: true,
			Sensitive: true,
			MarkdownDescription: "Secret content, up to 1 MiB. Write-only: it is neither in the state nor in the plan. A changed one, here or on the host, is noticed by a salted hash in " +
				"private state, so no version has to be counted up; for values that are new in each run there is `content_wo_version`.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"content_wo_version": secret.VersionAttribute("content_wo", "A file that somebody else changed is still noticed, and gets the value that is configured then."),
		"content_revision": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Changes whenever `content_wo` does; says nothing about it. Null without it; `not verified` after an import that left the content alone.",
		},
		"sha256": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The SHA-256 of `content` or `source`, in hexadecimal digits.",
		},
		"size": schema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: "The size of `content` or `source`, in bytes.",
		},
		"validator": schema.ListAttribute{
			Optional:    true,
			ElementType: types.StringType,
			MarkdownDescription: "A program with its arguments that has to accept new content before it takes its place, such as `[\"visudo\", \"-cf\", \"{}\"]`: `{}` stands for the path of " +
				"the temporary file. It runs on the host as root, not in a shell. When it fails the old file stays, and the error has what it said (not with `content_wo`).",
			Validators: []validator.List{listvalidator.SizeAtLeast(1)},
		},
		"backup": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Keeps the file that was there before the resource, of any size and with all its attributes, as `PATH.bak-flowstack` on the host until the resource " +
				"is destroyed, which renames it back. That also works after a creation that failed half-way because the host went away. Default `false`.",
		},
		"follow_symlinks": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "When `path` is a symbolic link, what it leads to is the file, and the link stays. By default a link is an error: it is never replaced.",
		},
	})
	return all
}
