# What has to be there after a boot, too.
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

resource "flowstack_swap" "this" {
  swappiness = 1
}

resource "flowstack_sysctl" "this" {
  settings = provider::flowstack::sysctl_profile("collector")
}

resource "flowstack_firewall" "this" {
  groups = { flows = { allowed = ["192.0.2.0/24"] } }
}
