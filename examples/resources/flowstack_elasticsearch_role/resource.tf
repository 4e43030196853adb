# Looks at flows in Kibana, and changes nothing
resource "flowstack_elasticsearch_role" "flow_reader" {
  name = "flow_reader"
  indices = [{
    names      = ["flows", "flows-*"]
    privileges = ["read", "view_index_metadata"]
  }]
  applications = [{
    application = "kibana-.kibana"
    privileges  = ["feature_dashboard.read", "feature_discover.read"]
    resources   = ["space:default"]
  }]
}
