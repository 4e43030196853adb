package collector

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/security"
)

const usernameKey = "output.elasticsearch.username"

// validateUser refuses the user who may do everything: a collector needs to create documents, and whoever breaks into it would have all of Elasticsearch.
func (m *Model) validateUser() (diags diag.Diagnostics) {
	if m.KnownSettings()[usernameKey] == security.Superuser {
		diags.AddAttributeError(path.Root("settings").AtMapKey(usernameKey), "Unable to use setting "+usernameKey,
			"A collector may not be the superuser "+security.Superuser+". Give it a user of its own, or an API key, with provider::flowstack::collector_role.")
	}
	return diags
}
