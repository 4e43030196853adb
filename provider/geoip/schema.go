package geoip

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/flowstack/terraform-provider-flowstack/appliance/geoip"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

const description = "A database of places or autonomous systems (`.mmdb`) on a host, from a file, a URL or MaxMind; [enrichment](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/enrichment.md) says whose databases work. " +
	"The machine that runs Terraform fetches it, checks all of it, and streams it to the host, which needs no internet. The running collector takes it in without a restart.\n\n" +
	"A database comes once and stays until it is another one that is asked for here; with `max_age`, plans look for a newer one. The file on the host is watched: " +
	"`effective` has its type, date and digest. The state never has its content. Destroying the resource removes it.\n\n" +
	"The kind `city` or `country` is for the collector's setting `enrich.geoip.city`, `asn` for `enrich.geoip.asn`; refer to `path` there, so that the database comes first."

var attributes = map[string]schema.Attribute{
	"kind": schema.StringAttribute{
		Required: true,
		MarkdownDescription: "What it is about: `city` (places down to cities), `country` (countries alone) or `asn` (autonomous systems). A database of another kind is refused. " +
			"One of each kind can be on a host. Changing it replaces the resource.",
		Validators:    []validator.String{stringvalidator.OneOf(geoip.Kinds...)},
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	},
	"source": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "A file on the machine that runs Terraform: `.mmdb`, or as vendors publish it, `.mmdb.gz` or `.tar.gz` with one database in it. It must be there when it is planned. " +
			"A changed file is an update.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"url": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "Where to download it, in one of the forms of `source`, with `sha256` or `checksum_url`. The proxy of the environment is used (`HTTPS_PROXY`, `NO_PROXY`). " +
			"Secrets do not belong into it; see `license_key_wo`.",
	},
	"sha256": schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "The SHA-256 of the file that `source` or `url` names, packed if it is, in hexadecimal digits. With `url` it pins the database.",
		Validators:          []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^[0-9A-Fa-f]{64}$`), "must be 64 hexadecimal digits")},
	},
	"checksum_url": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "Where the SHA-256 of what `url` has is published: alone, as `sha256sum` writes it, or in JSON. Unlike with `sha256`, newer databases come " +
			"without a change of the configuration; see `max_age`.",
	},
	"edition_id": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "A database of MaxMind's, such as `GeoLite2-City`, `GeoLite2-ASN` or `GeoIP2-City`. It takes `account_id` and `license_key_wo`, and is recognised by the digest that MaxMind publishes. " +
			"MaxMind allows some downloads a day; each release is downloaded once to the machine that runs Terraform, however many hosts get it.",
		Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`), "must be letters, digits, - and _")},
	},
	"maxmind_url": schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "A mirror that has MaxMind's paths, instead of `" + geoip.MaxMind + "`.",
	},
	"account_id": schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "The number of the account with MaxMind. With `url`, the user of basic authentication.",
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"license_key_wo": schema.StringAttribute{
		Optional:  true,
		WriteOnly: true,
		Sensitive: true,
		MarkdownDescription: "The licence key. Write-only: it is neither in the state nor in the plan, and no host gets it. With `url`, the password of `account_id`, or without that a bearer " +
			"token. It is sent to the server that was asked, not to those it redirects to. Another key alone is no change.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"max_age": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "Age of the database, by its own date, from which a plan asks `checksum_url` or MaxMind whether there is a newer one, and then plans an update; such as `30d` or `36h`. " +
			"Where there is none, and with a pinned or local database, the plan warns. Without it nobody is asked.",
		PlanModifiers: []planmodifier.String{semantic.Duration()},
	},

	"path": schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "Where it is on the host: `" + geoip.Directory + "/KIND.mmdb`, whosoever made it. Everybody may read it there.",
	},
	"published_sha256": schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "The SHA-256 of the file that it came in.",
	},
	"database_sha256": schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "The SHA-256 of the database, unpacked.",
	},
	"database_size": schema.Int64Attribute{
		Computed:            true,
		MarkdownDescription: "Its size in bytes.",
	},
	"database_type": schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "What it calls itself, such as `GeoLite2-City`.",
	},
	"build_date": schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "When its content was made, as it says itself (RFC 3339).",
	},
}
