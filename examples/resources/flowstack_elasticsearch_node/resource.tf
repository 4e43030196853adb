variable "elastic_bootstrap_password" {
  description = "Password of the user elastic until it gets one."
  type        = string
  sensitive   = true
  ephemeral   = true
}

# A node that is alone, beside Kibana and the collector: its heap is a third of the memory.
resource "flowstack_elasticsearch_node" "flow1" {
  host         = "flow1"
  repository   = {} # Elastic's own
  cluster_name = "flows"
  network_host = ["0.0.0.0"]

  tls                   = { http = {} } # certs/http.crt, http.key and ca.crt in /etc/elasticsearch
  bootstrap_password_wo = var.elastic_bootstrap_password

  settings = {
    "indices.query.bool.max_clause_count" = "8192"
    "search.max_buckets"                  = "250000"
    "action.destructive_requires_name"    = "true"
  }
}
