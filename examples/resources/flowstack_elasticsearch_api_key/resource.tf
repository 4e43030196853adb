locals {
  collector_role = provider::flowstack::collector_role("flows")
}

# In force for 90 days; an apply in the last 30 of them makes another one.
resource "flowstack_elasticsearch_api_key" "collector" {
  name         = "flowcollector on flow1"
  host         = "flow1"
  file         = "/etc/flowcollector.key"
  expiration   = "90d"
  renew_before = "30d"
  cluster      = local.collector_role.cluster
  indices      = local.collector_role.indices
}

resource "flowstack_collector" "flow1" {
  host = "flow1"
  settings = {
    "output.elasticsearch.addresses" = "https://127.0.0.1:9200"
    "output.elasticsearch.index"     = "flows"
  }
  elasticsearch_api_key_file = flowstack_elasticsearch_api_key.collector.file
  elasticsearch_api_key_id   = flowstack_elasticsearch_api_key.collector.key_id # another one restarts the service
}
