package collector

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

const description = "The flow collector on a host: its package (carried inside the provider, nothing is downloaded), settings, credentials, " +
	"and the service `flowcollector.service`, enabled and running with all of them. A service that runs with older files than those on disk is restarted. " +
	"Destroying the resource removes it all, the collector's state included."

// plainPath is what stands for itself in a unit file.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9/._-]+$`)

var settingsAttribute = &schema.MapAttribute{
	Optional:    true,
	ElementType: types.StringType,
	MarkdownDescription: "Settings of the collector by dotted name, such as `\"output.elasticsearch.index\" = \"flows\"`; [all of them](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/settings.md). " +
		"What is left out, or null, is at its default. Lists are written `\"a, b\"`. They are checked in the plan by the collector's own code.",
}

var attributes = map[string]schema.Attribute{
	"package_version": schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "The version of the package. It is the provider's: a new provider brings a new collector.",
	},
	"elasticsearch_ca_certificate": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "PEM certificates that sign those of Elasticsearch. They are put beside the settings, and `output.elasticsearch.ca_file` names them. " +
			"Without it, or the setting, the host's own are trusted.",
		PlanModifiers: []planmodifier.String{semantic.PEM()},
	},
	"elasticsearch_password_wo": schema.StringAttribute{
		Optional:  true,
		WriteOnly: true,
		Sensitive: true,
		MarkdownDescription: "The password of `output.elasticsearch.username`. Write-only: it is neither in the state nor in the plan. A changed one is noticed by " +
			"a salted hash in private state, so no version has to be counted up; for values that are new in each run there is `elasticsearch_password_wo_version`. On the host it is a file that only root reads, " +
			"which systemd hands to the service.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"elasticsearch_password_wo_version": secret.VersionAttribute("elasticsearch_password_wo",
		"A password that somebody else changed on the host is still noticed, and replaced by the one that is configured then."),
	"elasticsearch_api_key_file": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "A file on the host with an API key, as `id:key`, such as that of [flowstack_elasticsearch_api_key](elasticsearch_api_key.md), instead of a user with a " +
			"password. Only root need be able to read it: systemd hands it to the service, which is restarted when the key is another one.",
		Validators: []validator.String{stringvalidator.RegexMatches(plainPath, "must be an absolute path of letters, digits and / . _ -")},
	},
	"elasticsearch_api_key_id": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "The id of the key in `elasticsearch_api_key_file`, such as the `key_id` of a [flowstack_elasticsearch_api_key](elasticsearch_api_key.md). Another one restarts " +
			"the service in the same apply: systemd hands it a copy of the key, and the former one has ended. Without it the next apply notices.",
		Validators: []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("elasticsearch_api_key_file"))},
	},
	"credentials_revision": schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "Changes whenever a write-only credential does; says nothing about it. Null without credentials.",
	},
}
