# What takes its time, to be interrupted: content that arrives, a validator that reads it, and a package that is installed.
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

variable "sudo_password" {
  type      = string
  sensitive = true
}

variable "source_file" { type = string }
variable "packages" { type = list(string) }

provider "flowstack" {
  hosts = {
    flow1 = { address = var.address, port = var.port, host_keys = var.host_keys, user = "operator", private_key = var.private_key, sudo_password = var.sudo_password }
  }
}

resource "flowstack_file" "large" {
  path      = "/etc/flowstack-large"
  source    = var.source_file
  validator = ["sh", "-c", "touch /run/began-large; until [ -e /run/go-on ]; do sleep 0.1; done", "sh", "{}"]
}

resource "flowstack_file" "replaced" {
  path      = "/etc/flowstack-replaced"
  content   = "new\n"
  validator = ["sh", "-c", "touch /run/began-replaced; until [ -e /run/go-on ]; do sleep 0.1; done", "sh", "{}"]
}

resource "flowstack_apt_repository" "this" {
  name     = "files"
  packages = var.packages
}

resource "flowstack_package" "slow" {
  name       = "flowstack-slow"
  version    = "1"
  depends_on = [flowstack_apt_repository.this]
}
