package connection

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
)

// Data is what the provider hands to its resources.
type Data struct {
	Hosts         *Hosts
	Elasticsearch *Elasticsearch // nil: not configured
	Kibana        *Kibana        // nil: not configured
}

// fullyKnown tells whether nothing inside a value is unknown.
func fullyKnown(ctx context.Context, value attr.Value) (bool, error) {
	raw, err := value.ToTerraformValue(ctx)
	if err != nil {
		return false, err
	}
	return raw.IsFullyKnown(), nil
}
