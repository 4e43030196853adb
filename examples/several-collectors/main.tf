# Several hosts that collect flows, and one Elasticsearch, or a cluster, that is there: each host has its kernel, its firewall and its collector, and all write to one name.

terraform {
  required_version = ">= 1.11"
  required_providers {
    flowstack = {
      source = "flowstack/flowstack"
    }
  }
}

provider "flowstack" {
  hosts = { for name, host in var.collectors : name => merge(host, { private_key = var.private_key }) }

  # Asked from any of them, through its SSH connection.
  elasticsearch = {
    host           = sort(keys(var.collectors))[0]
    endpoint       = var.elasticsearch_endpoints[0]
    username       = var.elasticsearch_username
    password       = var.elasticsearch_password
    ca_certificate = var.elasticsearch_ca_certificate
  }
}

locals {
  role = provider::flowstack::collector_role(var.index, "health-${var.index}")
}

# Once, however many collectors there are.
resource "flowstack_flow_index" "flows" {
  name      = var.index
  retention = var.retention
  shards    = min(length(var.collectors), 3)
}

# What each collector says about itself: which of them loses something, or is behind.
resource "flowstack_flow_index" "health" {
  name      = "health-${var.index}"
  documents = "health"
  retention = var.retention
}

resource "flowstack_elasticsearch_role" "flow_writer" {
  name    = "flow_writer"
  cluster = local.role.cluster
  indices = local.role.indices
}

# A user for each: the password of one can be changed, or the user taken away, without the others noticing.
resource "flowstack_elasticsearch_user" "collector" {
  for_each    = var.collectors
  username    = "flowcollector-${each.key}"
  password_wo = var.collector_passwords[each.key]
  roles       = [flowstack_elasticsearch_role.flow_writer.name]
}

resource "flowstack_sysctl" "collector" {
  for_each = var.tune_kernel ? var.collectors : {}
  host     = each.key
  settings = provider::flowstack::sysctl_profile("collector")
}

resource "flowstack_firewall" "this" {
  for_each = var.collectors
  host     = each.key
  groups   = { flows = { allowed = var.exporters } }
}

resource "flowstack_collector" "this" {
  for_each   = var.collectors
  depends_on = [flowstack_sysctl.collector, flowstack_firewall.this, flowstack_flow_index.flows]
  host       = each.key

  settings = {
    "output.elasticsearch.addresses"    = join(", ", var.elasticsearch_endpoints)
    "output.elasticsearch.username"     = flowstack_elasticsearch_user.collector[each.key].username
    "output.elasticsearch.index"        = var.index
    "output.elasticsearch.health.index" = flowstack_flow_index.health.name
  }
  elasticsearch_ca_certificate = var.elasticsearch_ca_certificate
  elasticsearch_password_wo    = var.collector_passwords[each.key]
}
