package aptpackage

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
)

const description = "A Debian package, installed by apt from the repositories that the host knows (see [`flowstack_apt_repository`](apt_repository.md), and the [guide](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/packages.md)). " +
	"It waits for another apt or dpkg that is at work, finishes an installation that was interrupted, asks no questions, and keeps configuration files that were changed " +
	"on the host. Which version is installed, and whether it is held, is in `effective`.\n\n" +
	"Destroying the resource purges the package and what was installed for it alone, unless the package was there before: then it stays, and the hold is put back. Configuration files that were there before, of a package that had been removed, stay too. A package that " +
	"others need is not removed; the error names them."

var attributes = map[string]schema.Attribute{
	"name": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "The name of the package, such as `elasticsearch`. Changing it replaces the resource.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	},
	"version": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "The version, as `apt-cache policy` shows it, such as `7.17.29`; or how it begins, such as `7.17.*`: the highest such version is installed, and one that is " +
			"installed already stays. Without it, any version will do.",
	},
	"hold": schema.BoolAttribute{
		Optional: true,
		Computed: true,
		Default:  booldefault.StaticBool(true),
		MarkdownDescription: "Whether the package is held at its version: then neither `apt-get upgrade` nor unattended upgrades move it, and a change of `version` still does. " +
			"Default `true`.",
	},
	"allow_downgrade": schema.BoolAttribute{
		Optional:            true,
		Computed:            true,
		Default:             booldefault.StaticBool(false),
		MarkdownDescription: "Whether an installed higher version may be replaced: few packages can read what a later version of theirs wrote. Default `false`: the apply refuses.",
	},
	"install_recommends": schema.BoolAttribute{
		Optional:            true,
		Computed:            true,
		Default:             booldefault.StaticBool(false),
		MarkdownDescription: "Whether to install what the package recommends, too, and not only what it needs. Default `false`.",
	},
}
