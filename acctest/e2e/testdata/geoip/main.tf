# A database of places from a file, and a collector that uses it.
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

variable "source_file" { type = string }
variable "flows_file" { type = string }

provider "flowstack" {
  hosts = {
    flow1 = { address = var.address, port = var.port, host_keys = var.host_keys, private_key = var.private_key }
  }
}

resource "flowstack_geoip_database" "city" {
  kind   = "city"
  source = var.source_file
}

resource "flowstack_collector" "this" {
  settings = {
    "enrich.geoip.city"  = flowstack_geoip_database.city.path
    "output.ndjson.path" = var.flows_file
  }
}
