package elasticsecurity

import (
	"regexp"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

const apiKeyDescription = "An API key of Elasticsearch for a program on a host, such as the collector. Its secret goes from Elasticsearch into a file of the host that only root reads, as " +
	"`id:key`, and is nowhere else: not in the state, not in the plan. A program gets it by systemd's `LoadCredential=`; `flowstack_collector` does so with " +
	"`elasticsearch_api_key_file` and `elasticsearch_api_key_id`.\n\nA key cannot be changed. When anything about it is to be different, when it was invalidated, when the file is gone or has something else in it, or " +
	"when it is about to expire, the next apply makes a new key, puts it into the file, and only then invalidates the one before. Destroying the resource invalidates the key " +
	"and removes the file.\n\nIt can do no more than the user of the provider, who must be a user: a key cannot make keys that may do something."

var apiKeyAttributes = map[string]schema.Attribute{
	"name": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "The name that people know it by; several keys may have the same.",
		Validators: []validator.String{
			stringvalidator.LengthBetween(1, 256),
			stringvalidator.RegexMatches(keyName, "must be printable characters, without a space at the beginning or end, and not begin with an underscore"),
		},
	},
	"host": schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "The host of the file, by its name in the provider's `hosts`. Default: the one Elasticsearch is reached from.",
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	},
	"file": schema.StringAttribute{
		Required: true,
		MarkdownDescription: "The file on the host, in a directory that is there: `/etc/flowcollector.key`. It belongs to root, mode 0600. One that is there already and has something " +
			"else than a key of ours is not touched.",
		Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^/`), "must be an absolute path")},
	},
	"expiration": schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "How long the key is good for: `90d`, `12h`. Without it, until it is invalidated.",
		Validators:          []validator.String{stringvalidator.RegexMatches(periodPattern, "must be a number and d, h or m: 90d")},
		PlanModifiers:       []planmodifier.String{semantic.Duration()},
	},
	"renew_before": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "How long before its end an apply replaces the key: `10d`. Default: a quarter of `expiration`. Somebody has to apply in that time, by hand or " +
			"regularly.",
		Validators:    []validator.String{stringvalidator.RegexMatches(periodPattern, "must be a number and d, h or m: 10d")},
		PlanModifiers: []planmodifier.String{semantic.Duration()},
	},
	"key_id": schema.StringAttribute{
		Computed: true, MarkdownDescription: "The id that Elasticsearch gave the key, as its audit log shows it. Another one is another key.",
	},
	"expires_at": schema.StringAttribute{
		Computed: true, MarkdownDescription: "When the key ends, as in RFC 3339; `never`.",
	},
}

var (
	keyName       = regexp.MustCompile(`^[^\s_]([^\r\n\t]*\S)?$`)
	periodPattern = regexp.MustCompile(`^([1-9][0-9]{0,5})([dhm])$`)
)

// period is a duration such as 90d; known is false when it is null or unknown.
func period(text types.String) (d time.Duration, known bool) {
	parts := periodPattern.FindStringSubmatch(text.ValueString())
	if parts == nil {
		return 0, false
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return 0, false // the pattern leaves no other number
	}
	return time.Duration(n) * map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute}[parts[2]], true
}
