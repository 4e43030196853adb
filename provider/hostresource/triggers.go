package hostresource

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Triggers is the attribute with which a resource that restarts something is told of other resources' changes: a plan cannot see that a file will be newer.
func Triggers(what string) schema.MapAttribute {
	return schema.MapAttribute{
		Optional:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Values of other resources, such as the content of a file: when one changes, " + what + " is looked at in that same apply, after them, and " +
			"restarted if it turns out to be stale. Without it a change by a resource that does not restart " + what + " itself is noticed by the next plan.",
	}
}
