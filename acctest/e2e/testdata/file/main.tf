# Files and a directory.
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
variable "sshd" { type = string }
variable "token" {
  type      = string
  sensitive = true
}

provider "flowstack" {
  hosts = {
    flow1 = { address = var.address, port = var.port, host_keys = var.host_keys, private_key = var.private_key }
  }
}

resource "flowstack_directory" "data" {
  path  = "/srv/flows"
  mode  = "2750"
  group = "adm"
}

resource "flowstack_file" "large" {
  path   = "${flowstack_directory.data.path}/database.bin"
  source = var.source_file
  group  = "adm"
  mode   = "0640"
}

resource "flowstack_file" "token" {
  path       = "${flowstack_directory.data.path}/token"
  content_wo = var.token
}

resource "flowstack_file" "sshd" {
  path      = "/etc/ssh/sshd_config.d/flowstack.conf"
  content   = var.sshd
  validator = ["sshd", "-t", "-f", "{}"]
}

resource "flowstack_file" "link" {
  path            = "/etc/alias.conf"
  content         = "ours\n"
  follow_symlinks = true
  backup          = true
}
