# An authority on flow1, and a certificate on each of two hosts.
terraform {
  required_providers {
    flowstack = { source = "registry.terraform.io/flowstack/flowstack" }
  }
}

variable "hosts" {
  type = map(object({ address = string, port = number, host_keys = list(string), private_key = string }))
}
variable "rollover" { type = string }

provider "flowstack" {
  hosts = var.hosts
}

resource "flowstack_certificate_authority" "this" {
  host     = "flow1"
  rollover = var.rollover
}

resource "flowstack_certificate" "host" {
  for_each     = toset(["flow1", "flow2"])
  host         = each.key
  authority    = flowstack_certificate_authority.this
  dns_names    = ["flows.example.net"]
  ip_addresses = ["192.0.2.10"]
  group        = "adm"
}

output "phase" { value = flowstack_certificate_authority.this.phase }
