# Kibana on a host whose Elasticsearch has security, and what is in it.
terraform {
  required_providers {
    flowstack = { source = "registry.terraform.io/flowstack/flowstack" }
  }
}

variable "address" { type = string }
variable "port" { type = number }
variable "host_keys" { type = list(string) }
variable "private_key" {
  type      = string
  sensitive = true
}

variable "uri" { type = string }
variable "key" { type = string }
variable "package_version" { type = string }
variable "ca_file" { type = string }
variable "elastic_password" {
  type      = string
  sensitive = true
}
variable "kibana_password" {
  type      = string
  sensitive = true
  ephemeral = true
}
variable "settings" { type = map(string) }

provider "flowstack" {
  hosts = {
    flow1 = { address = var.address, port = var.port, host_keys = var.host_keys, private_key = var.private_key }
  }
  kibana = { endpoint = "http://127.0.0.1:5601", username = "elastic", password = var.elastic_password }
}

resource "flowstack_kibana" "this" {
  package_version           = var.package_version
  repository                = { uris = [var.uri], key = var.key }
  elasticsearch_hosts       = ["https://127.0.0.1:9200"]
  elasticsearch_ca_file     = var.ca_file
  elasticsearch_password_wo = var.kibana_password
  settings                  = var.settings
  timeouts                  = { create = "2m", update = "1m" }
}

resource "flowstack_kibana_space" "flows" {
  space_id   = "flows"
  name       = "Flows"
  depends_on = [flowstack_kibana.this]
}

resource "flowstack_dashboards" "flows" {
  name   = "flows"
  space  = flowstack_kibana_space.flows.space_id
  source = <<-EOT
    {"type":"index-pattern","id":"flows-*","attributes":{"title":"flows-*","timeFieldName":"@timestamp"},"references":[],"migrationVersion":{"index-pattern":"7.11.0"}}
    {"type":"dashboard","id":"overview","attributes":{"title":"Overview","panelsJSON":"[{\"title\":\"\"}]"},"references":[{"name":"i","type":"index-pattern","id":"flows-*"}],"migrationVersion":{"dashboard":"7.14.0"}}
  EOT
}
