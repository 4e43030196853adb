package flowindex

import (
	"fmt"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// conclude makes an error that what Elasticsearch has does not go with what is wanted: asking again would not change it.
func conclude(format string, args ...any) error { return client.Conclude(fmt.Errorf(format, args...)) }
