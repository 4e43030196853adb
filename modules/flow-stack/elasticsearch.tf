locals {
  elasticsearch_url = "https://127.0.0.1:9200"
  elasticsearch_tls = {
    certificate = flowstack_certificate.elasticsearch.path
    key         = flowstack_certificate.elasticsearch.private_key_path
    authorities = [flowstack_certificate.elasticsearch.authorities_path]
  }
  collector_role = provider::flowstack::collector_role(var.index, "health-${var.index}")
}

resource "flowstack_elasticsearch_node" "this" {
  depends_on = [flowstack_sysctl.this]

  version               = var.elastic_version
  repository            = var.repository
  cluster_name          = var.cluster_name
  tls                   = { http = local.elasticsearch_tls, transport = local.elasticsearch_tls }
  bootstrap_password_wo = local.passwords.bootstrap

  heap_size   = var.heap_size
  memory_lock = var.memory_lock
  delete_data = var.delete_data
  settings    = var.elasticsearch_settings
}

# The bootstrap password is good until now.
resource "flowstack_elasticsearch_user_password" "elastic" {
  depends_on            = [flowstack_elasticsearch_node.this]
  username              = "elastic"
  password_wo           = local.passwords.elastic
  bootstrap_password_wo = local.passwords.bootstrap
}

# Kibana's own account.
resource "flowstack_elasticsearch_user_password" "kibana_system" {
  depends_on  = [flowstack_elasticsearch_user_password.elastic]
  username    = "kibana_system"
  password_wo = local.passwords.kibana_system
}

# The collector may add flows, and can neither read, change nor remove any.
resource "flowstack_elasticsearch_role" "flow_writer" {
  depends_on = [flowstack_elasticsearch_user_password.elastic]
  name       = "flow_writer"
  cluster    = local.collector_role.cluster
  indices    = local.collector_role.indices
}

resource "flowstack_elasticsearch_user" "flowcollector" {
  username    = "flowcollector"
  password_wo = local.passwords.flowcollector
  roles       = [flowstack_elasticsearch_role.flow_writer.name]
}

# How Elasticsearch stores flows. It has to be there before the first flow is written.
resource "flowstack_flow_index" "flows" {
  depends_on = [flowstack_elasticsearch_user_password.elastic]
  name       = var.index
  shards     = var.shards
  retention  = var.retention == "" ? null : var.retention
}

# What the collector says about itself, for the view of its health.
resource "flowstack_flow_index" "health" {
  depends_on = [flowstack_elasticsearch_user_password.elastic]
  name       = "health-${var.index}"
  documents  = "health"
  retention  = flowstack_flow_index.flows.retention
}
