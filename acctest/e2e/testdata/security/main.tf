terraform {
  required_providers {
    flowstack = { source = "flowstack/flowstack" }
  }
}

variable "address" { type = string }
variable "port" { type = number }
variable "host_keys" { type = list(string) }
variable "private_key" {
  type      = string
  ephemeral = true
}
variable "password" {
  type      = string
  ephemeral = true
}
variable "previous_password" {
  type      = string
  ephemeral = true
  default   = null
}
variable "kibana_password" {
  type      = string
  ephemeral = true
}
variable "writer_password" {
  type      = string
  ephemeral = true
}

# The endpoint is the default one, and the authority is in its file on the host.
provider "flowstack" {
  hosts = {
    flow1 = { address = var.address, port = var.port, host_keys = var.host_keys, private_key = var.private_key }
  }
  elasticsearch = {
    username          = "elastic"
    password          = var.password
    previous_password = var.previous_password
  }
}

resource "flowstack_elasticsearch_user_password" "elastic" {
  username    = "elastic"
  password_wo = var.password
}

resource "flowstack_elasticsearch_user_password" "kibana" {
  username    = "kibana_system"
  password_wo = var.kibana_password
}

locals {
  role = provider::flowstack::collector_role("flows")
}

resource "flowstack_elasticsearch_role" "writer" {
  name    = "writer"
  cluster = local.role.cluster
  indices = local.role.indices
}

resource "flowstack_elasticsearch_user" "writer" {
  username    = "writer"
  password_wo = var.writer_password
  roles       = [flowstack_elasticsearch_role.writer.name]
}

resource "flowstack_elasticsearch_api_key" "collector" {
  name       = "collector"
  file       = "/etc/collector.key"
  expiration = "90d"
  cluster    = local.role.cluster
  indices    = local.role.indices
}

resource "flowstack_elasticsearch_cluster_settings" "this" {
  settings = {
    "search.max_buckets"                       = 100000
    "cluster.routing.allocation.exclude._name" = "node-8, node-9"
  }
}

resource "flowstack_flow_index" "flows" {}

resource "flowstack_collector" "this" {
  settings = {
    "output.elasticsearch.addresses" = "https://127.0.0.1:9200"
    "output.elasticsearch.ca_file"   = "/etc/elasticsearch/certs/ca.crt"
  }
  elasticsearch_api_key_file = flowstack_elasticsearch_api_key.collector.file
  elasticsearch_api_key_id   = flowstack_elasticsearch_api_key.collector.key_id
  depends_on                 = [flowstack_flow_index.flows]
}

data "flowstack_elasticsearch_cluster" "this" {}
data "flowstack_elasticsearch_certificates" "this" {}

output "cluster" {
  value = data.flowstack_elasticsearch_cluster.this
}
output "certificates" {
  value = data.flowstack_elasticsearch_certificates.this
}

# Dies with the run that made it.
ephemeral "flowstack_elasticsearch_api_key" "run" {
  name    = "run"
  cluster = ["monitor"]
}
resource "flowstack_file" "run" {
  path       = "/etc/run.key"
  content_wo = ephemeral.flowstack_elasticsearch_api_key.run.credentials
}
