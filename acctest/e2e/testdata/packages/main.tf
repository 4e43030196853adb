# A package from files, on a host without a network.
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

variable "packages" { type = list(string) }
variable "package_version" { type = string }

provider "flowstack" {
  hosts = {
    flow1 = { address = var.address, port = var.port, host_keys = var.host_keys, private_key = var.private_key }
  }
}

resource "flowstack_apt_repository" "this" {
  name     = "files"
  packages = var.packages
}

resource "flowstack_package" "tiny" {
  name       = "flowstack-tiny"
  version    = var.package_version
  depends_on = [flowstack_apt_repository.this]
}
