# A host that exports its own traffic to a collector on it, and whether that works.
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
variable "key_fingerprint" { type = string }
variable "interface" { type = string }

provider "flowstack" {
  hosts = {
    flow1 = { address = var.address, port = var.port, host_keys = var.host_keys, private_key = var.private_key }
  }
}

resource "flowstack_apt_repository" "this" {
  name             = "lab"
  uris             = [var.uri]
  suites           = ["stable"]
  components       = ["main"]
  key              = var.key
  key_fingerprints = [var.key_fingerprint]
}

resource "flowstack_collector" "this" {}

resource "flowstack_softflowd" "this" {
  depends_on = [flowstack_apt_repository.this]
  instances = {
    own = {
      interface        = var.interface
      collector        = "127.0.0.1"
      active_timeout   = "2s"
      inactive_timeout = "1s"
      max_flows        = 16384
      filter           = "udp and (ip[8] & 1 = 0 or not port 2055)"
      track            = "vlan"
    }
  }
}

data "flowstack_exporter_seen" "this" {
  address    = "127.0.0.1"
  depends_on = [flowstack_collector.this, flowstack_softflowd.this]
}

output "flows" {
  value = data.flowstack_exporter_seen.this.flows
}
