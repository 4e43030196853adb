package hostresource

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// Timeouts is the attribute timeouts, with its defaults documented.
func Timeouts(ctx context.Context, read, change time.Duration) schema.Attribute {
	attribute := timeouts.Attributes(ctx, timeouts.Opts{
		Create: true, Read: true, Update: true, Delete: true,
		CreateDescription: fmt.Sprintf("Default `%s`.", short(change)),
		ReadDescription:   fmt.Sprintf("Default `%s`.", short(read)),
		UpdateDescription: fmt.Sprintf("Default `%s`.", short(change)),
		DeleteDescription: fmt.Sprintf("Default `%s`.", short(change)),
	})
	if nested, ok := attribute.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "How long things may take, such as `30s` or `10m`."
		return nested
	}
	return attribute
}

// short writes whole minutes as people do.
func short(d time.Duration) string { return fmt.Sprintf("%dm", d/time.Minute) }
