package elasticsearch

import "github.com/flowstack/terraform-provider-flowstack/provider/secret"

func init() { secret.Iterations = secret.StandardIterations / 1000 }
