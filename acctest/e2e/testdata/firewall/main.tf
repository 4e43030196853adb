# The firewall alone.
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

provider "flowstack" {
  hosts = {
    flow1 = { address = var.address, port = var.port, host_keys = var.host_keys, private_key = var.private_key }
  }
}

variable "allowed" { type = set(string) }

resource "flowstack_firewall" "this" {
  groups = {
    flows         = { allowed = var.allowed }
    elasticsearch = { allowed = [] }
  }
}
