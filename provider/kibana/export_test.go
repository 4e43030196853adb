package kibana

import "github.com/flowstack/terraform-provider-flowstack/provider/secret"

func init() { secret.Iterations = secret.StandardIterations / 1000 }

// WithoutSecrets is of tests.
var WithoutSecrets = withoutSecrets
