# Three hosts that are an Elasticsearch cluster: an authority, certificates, nodes, passwords, the flow index. Kibana and collectors come to it
# as in modules/flow-stack and examples/several-collectors.

terraform {
  required_version = ">= 1.11"
  required_providers {
    flowstack = {
      source = "flowstack/flowstack"
    }
  }
}

locals {
  names = sort(keys(var.nodes))
  first = local.names[0]

  addresses = [for node in var.nodes : node.cluster_address]
}

provider "flowstack" {
  hosts = {
    for name, node in var.nodes : name => {
      address     = node.address
      port        = node.port
      user        = node.user
      host_keys   = node.host_keys
      private_key = var.private_key
    }
  }

  elasticsearch = {
    host     = local.first
    username = "elastic"
    password = var.elastic_password
  }
}

resource "flowstack_sysctl" "this" {
  for_each = var.tune_kernel ? var.nodes : {}
  host     = each.key
  settings = provider::flowstack::sysctl_profile("elasticsearch")
}

# One authority, on the first host; the private key of each certificate is made on its node and stays there.
resource "flowstack_certificate_authority" "this" {
  host = local.first
}

resource "flowstack_elasticsearch_directory" "this" {
  for_each = var.nodes
  host     = each.key
}

resource "flowstack_certificate" "this" {
  for_each         = var.nodes
  host             = each.key
  authority        = flowstack_certificate_authority.this
  path             = "${flowstack_elasticsearch_directory.this[each.key].certificates}/node.crt"
  authorities_path = "${flowstack_elasticsearch_directory.this[each.key].certificates}/ca.crt"
  group            = flowstack_elasticsearch_directory.this[each.key].group
  dns_names        = [each.key]
  ip_addresses     = [each.value.cluster_address]
}

locals {
  tls = {
    for name in local.names : name => {
      certificate = flowstack_certificate.this[name].path
      key         = flowstack_certificate.this[name].private_key_path
      authorities = [flowstack_certificate.this[name].authorities_path]
    }
  }
}

# Nodes reach each other, and clients the API; nobody else reaches anything of Elasticsearch.
resource "flowstack_firewall" "this" {
  for_each = var.nodes
  host     = each.key
  groups = {
    elasticsearch = { allowed = setunion(var.clients, local.addresses), tcp = [9200] }
    transport     = { allowed = local.addresses, tcp = [9300] }
  }
}

# None depends on another: two of three have to be there for the cluster to form.
resource "flowstack_elasticsearch_node" "this" {
  for_each   = var.nodes
  depends_on = [flowstack_sysctl.this, flowstack_firewall.this]
  host       = each.key

  version              = var.elastic_version
  repository           = {}
  cluster_name         = "flows"
  node_name            = each.key
  network_host         = ["_local_", each.value.cluster_address]
  seed_hosts           = local.addresses
  initial_master_nodes = local.names # until there is a cluster

  tls                   = { http = local.tls[each.key], transport = local.tls[each.key] }
  bootstrap_password_wo = var.bootstrap_password
  beside                = [] # nothing: half of the memory is for the heap
}

resource "flowstack_elasticsearch_user_password" "elastic" {
  depends_on            = [flowstack_elasticsearch_node.this]
  username              = "elastic"
  password_wo           = var.elastic_password
  bootstrap_password_wo = var.bootstrap_password
}

# Spread over the nodes, with a copy of each shard as soon as there is a second one.
resource "flowstack_flow_index" "flows" {
  depends_on = [flowstack_elasticsearch_user_password.elastic]
  retention  = var.retention
  shards     = length(var.nodes)
}

output "endpoints" {
  description = "URLs of the nodes, for elasticsearch_endpoints of examples/several-collectors."
  value       = [for node in var.nodes : "https://${node.cluster_address}:9200"]
}

output "authority" {
  description = "Certificate of the authority, for elasticsearch_ca_certificate."
  value       = flowstack_certificate_authority.this.certificates
}
