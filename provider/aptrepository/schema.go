package aptrepository

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const description = "A repository of Debian packages that a host's apt installs from: `/etc/apt/sources.list.d/NAME.sources`, its key in `/etc/apt/keyrings/NAME.gpg`, which is trusted for this " +
	"repository alone, and its lists of packages, fetched by `apt-get update` for this repository alone. The key is checked in the plan against the fingerprints that you " +
	"expect. A repository that the host has by another file already is refused, and the file named. There is a [guide](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/packages.md).\n\n" +
	"Destroying the resource removes all of it, or puts back the file that was there. Packages installed from it stay."

// notEmpty is for lists in which every element says something.
var notEmpty = []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(), listvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))}

var attributes = map[string]schema.Attribute{
	"uris": schema.ListAttribute{
		Optional:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Where the repository is, such as `https://artifacts.elastic.co/packages/7.x/apt`; several are mirrors of one another. Besides `http` and `https` there is " +
			"`file:/srv/packages`, a folder of the host, for hosts without a network. Required, unless there are `packages`.",
		Validators: notEmpty,
	},
	"suites": schema.ListAttribute{
		Optional:            true,
		ElementType:         types.StringType,
		MarkdownDescription: "Suites, such as `stable` or `bookworm`. One that ends in `/`, such as `./`, is a folder below the URI that has packages and their list, without components. Required with `uris`.",
		Validators:          notEmpty,
	},
	"components": schema.ListAttribute{
		Optional:            true,
		ElementType:         types.StringType,
		MarkdownDescription: "Components, such as `main`. Required, unless the suites are folders.",
		Validators:          notEmpty,
	},
	"packages": schema.ListAttribute{
		Optional:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Files `.deb` where Terraform runs: instead of `uris`, for hosts without a network. They are put into a folder of the host, which becomes a repository of its own; it needs " +
			"no key, since they come through the connection to the host. What the packages need has to be among them, or in another repository of the host.",
		Validators: notEmpty,
	},
	"architectures": schema.ListAttribute{
		Optional:            true,
		ElementType:         types.StringType,
		MarkdownDescription: "Architectures to read the lists of, such as `amd64`. Default: those of the host.",
		Validators:          notEmpty,
	},
	"key": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "The public keys that sign the repository: the armored text, such as `file(\"elastic.asc\")`, or what is not armored in base64, such as `filebase64(\"elastic.gpg\")`. " +
			"Required, unless `trusted`, or with `packages`.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"key_fingerprints": schema.ListAttribute{
		Optional:    true,
		ElementType: types.StringType,
		MarkdownDescription: "The fingerprints of the keys in `key`, in any order, with or without spaces: `4609 5ACC 8548 582C 1A26 99A9 D27D 666C D88E 42B4`. Take them from another place than " +
			"the key. A key more or less is an error of the plan. Required with `key`.",
		Validators: notEmpty,
	},
	"trusted": schema.BoolAttribute{
		Optional: true,
		Computed: true,
		Default:  booldefault.StaticBool(false),
		MarkdownDescription: "Trust the repository though nobody signed it. Whoever can change it, or the way to it, then decides what is installed: for folders of the host only, or for tests. " +
			"Default `false`.",
	},
	"proxy": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "The URL of a proxy for this repository, such as `http://proxy.example:3128`, or `DIRECT`, to go past the one that the host has for others. It is set for the hosts of " +
			"`uris`, in `/etc/apt/apt.conf.d/60-NAME.conf`. Default: as the host has it.",
	},
}
