package security

import (
	"slices"
	"strings"
)

// ClusterPrivileges and IndexPrivileges are those that Elasticsearch 7.17 knows by name, as GET _security/privilege/_builtin of 7.17.29 lists them.
// Besides them patterns over actions are privileges: cluster:monitor/*, indices:data/read/*.
var (
	ClusterPrivileges = []string{
		"all", "cancel_task", "create_snapshot", "delegate_pki", "grant_api_key", "manage", "manage_api_key", "manage_autoscaling", "manage_ccr",
		"manage_data_frame_transforms", "manage_enrich", "manage_ilm", "manage_index_templates", "manage_ingest_pipelines", "manage_logstash_pipelines", "manage_ml",
		"manage_oidc", "manage_own_api_key", "manage_pipeline", "manage_rollup", "manage_saml", "manage_security", "manage_service_account", "manage_slm",
		"manage_token", "manage_transform", "manage_watcher", "monitor", "monitor_data_frame_transforms", "monitor_ml", "monitor_rollup", "monitor_snapshot",
		"monitor_text_structure", "monitor_transform", "monitor_watcher", "none", "read_ccr", "read_ilm", "read_pipeline", "read_slm", "transport_client",
	}
	IndexPrivileges = []string{
		"all", "auto_configure", "create", "create_doc", "create_index", "delete", "delete_index", "index", "maintenance", "manage", "manage_follow_index",
		"manage_ilm", "manage_leader_index", "monitor", "none", "read", "read_cross_cluster", "view_index_metadata", "write",
	}
)

// Known tells whether a privilege is in a list, or a pattern over actions.
func Known(privilege string, list []string) bool {
	return slices.Contains(list, privilege) || strings.ContainsAny(privilege, ":*/")
}
