# Nodes of Elasticsearch, one or several, with certificates that are made elsewhere.
terraform {
  required_providers {
    flowstack = { source = "registry.terraform.io/flowstack/flowstack" }
  }
}

variable "hosts" {
  type = map(object({ address = string, port = number, host_keys = list(string) }))
}
variable "private_keys" {
  type      = map(string)
  sensitive = true
}
variable "uri" { type = string }
variable "key" { type = string }
variable "key_fingerprint" { type = string }

variable "authority" { type = string }
variable "certificates" { type = map(string) }
variable "keys" {
  type      = map(string)
  sensitive = true
}
variable "password" {
  type      = string
  sensitive = true
}

variable "members" { type = set(string) }
variable "node_version" { type = string }
variable "cluster" {
  type    = bool
  default = false
}
variable "buckets" {
  type    = string
  default = "250000"
}
variable "key_file" {
  type    = string
  default = null
}
variable "allow_mmap" { type = bool }

provider "flowstack" {
  hosts         = { for name, host in var.hosts : name => merge(host, { private_key = var.private_keys[name] }) }
  elasticsearch = { host = "es1", username = "elastic", password = var.password }
}

resource "flowstack_elasticsearch_directory" "this" {
  for_each = var.members
  host     = each.key
}

resource "flowstack_file" "authority" {
  for_each = var.members
  host     = each.key
  path     = "${flowstack_elasticsearch_directory.this[each.key].certificates}/ca.crt"
  content  = var.authority
}

resource "flowstack_file" "certificate" {
  for_each = var.members
  host     = each.key
  path     = "${flowstack_elasticsearch_directory.this[each.key].certificates}/node.crt"
  content  = var.certificates[each.key]
}

resource "flowstack_file" "key" {
  for_each   = var.members
  host       = each.key
  path       = "${flowstack_elasticsearch_directory.this[each.key].certificates}/node.key"
  group      = flowstack_elasticsearch_directory.this[each.key].group
  mode       = "0640"
  content_wo = var.keys[each.key]
}

locals {
  files = {
    for name in var.members : name => {
      certificate = flowstack_file.certificate[name].path
      key         = coalesce(var.key_file, flowstack_file.key[name].path)
      authorities = [flowstack_file.authority[name].path]
    }
  }
}

resource "flowstack_elasticsearch_node" "this" {
  for_each     = var.members
  host         = each.key
  version      = var.node_version
  repository   = { uris = [var.uri], key = var.key, key_fingerprints = [var.key_fingerprint] }
  cluster_name = "flows"
  node_name    = each.key
  network_host = ["_local_", "_site_"]

  seed_hosts = var.cluster ? ["es1", "es2", "es3"] : null

  tls                   = { http = local.files[each.key], transport = local.files[each.key] }
  bootstrap_password_wo = var.password

  heap_size   = "384m"
  memory_lock = false
  delete_data = true
  settings = {
    "network.publish_host"                              = "_site_"
    "node.store.allow_mmap"                             = tostring(var.allow_mmap)
    "cluster.routing.allocation.disk.threshold_enabled" = "false"
    "search.max_buckets"                                = var.buckets
  }
}
