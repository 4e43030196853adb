package collector

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// validateKeyFile finds a second proof beside an API key. What is unknown may come to be null.
func (m *Model) validateKeyFile() (diags diag.Diagnostics) {
	if m.ElasticsearchKeyFile.IsNull() || m.ElasticsearchKeyFile.IsUnknown() {
		return nil
	}
	const summary = "Unable to use two proofs of who writes to Elasticsearch"
	if !m.ElasticsearchPassword.IsNull() && !m.ElasticsearchPassword.IsUnknown() {
		diags.AddAttributeError(path.Root("elasticsearch_api_key_file"), summary, "Give an API key or a password.")
	}
	for _, key := range []string{usernameKey, "output.elasticsearch.password_file", "output.elasticsearch.api_key_file"} {
		if _, both := m.Settings.Elements()[key]; both {
			diags.AddAttributeError(path.Root("settings").AtMapKey(key), summary, "elasticsearch_api_key_file is one already. Leave the setting out.")
		}
	}
	return diags
}
