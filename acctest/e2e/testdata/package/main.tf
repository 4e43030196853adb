# A package from a signed repository.
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
variable "package_version" { type = string }
variable "allow_downgrade" {
  type    = bool
  default = false
}

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

resource "flowstack_package" "tiny" {
  name            = "flowstack-tiny"
  version         = var.package_version
  allow_downgrade = var.allow_downgrade
  depends_on      = [flowstack_apt_repository.this]
}
