# A flow index alone.
terraform {
  required_providers {
    flowstack = { source = "registry.terraform.io/flowstack/flowstack" }
  }
}

variable "address" {}
variable "port" {}
variable "host_keys" { type = list(string) }
variable "private_key" { sensitive = true }
variable "elasticsearch_endpoint" {}
variable "elasticsearch_username" {}
variable "elasticsearch_password" { sensitive = true }
variable "elasticsearch_ca_certificate" {}
variable "shards" { default = 1 }
variable "delete_data" { default = false }
variable "mode" { default = "auto" }

provider "flowstack" {
  hosts = {
    flow1 = {
      address     = var.address
      port        = var.port
      host_keys   = var.host_keys
      private_key = var.private_key
    }
  }
  elasticsearch = {
    endpoint       = var.elasticsearch_endpoint
    username       = var.elasticsearch_username
    password       = var.elasticsearch_password
    ca_certificate = var.elasticsearch_ca_certificate
  }
}

resource "flowstack_flow_index" "flows" {
  shards      = var.shards
  mode        = var.mode
  delete_data = var.delete_data
}
