# One of each resource that a container can have.
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

variable "uri" { type = string }
variable "key" { type = string }
variable "key_fingerprint" { type = string }
variable "greeting" {
  type    = string
  default = "hello"
}

provider "flowstack" {
  hosts = {
    flow1 = { address = var.address, port = var.port, host_keys = var.host_keys, user = "operator", private_key = var.private_key, sudo_password = var.sudo_password }
  }
}

data "flowstack_host" "this" {}

output "distribution" { value = data.flowstack_host.this.distribution }

resource "flowstack_directory" "lab" {
  path = "/srv/lab"
  mode = "0750"
}

resource "flowstack_file" "greeting" {
  path    = "${flowstack_directory.lab.path}/greeting"
  content = "${var.greeting}\n"
  owner   = "admin"
}

resource "flowstack_apt_repository" "lab" {
  name             = "lab"
  uris             = [var.uri]
  suites           = ["stable"]
  components       = ["main"]
  key              = var.key
  key_fingerprints = [var.key_fingerprint]
}

resource "flowstack_package" "tiny" {
  name       = "flowstack-tiny"
  version    = "1.0-1"
  depends_on = [flowstack_apt_repository.lab]
}

resource "flowstack_systemd_unit" "lab" {
  name    = "lab.service"
  active  = true
  inputs  = [flowstack_file.greeting.path]
  content = <<-EOT
    [Unit]
    Description=A unit of one's own
    [Service]
    ExecStart=/bin/sleep infinity
    [Install]
    WantedBy=multi-user.target
  EOT
}

resource "flowstack_systemd_dropin" "lab" {
  unit    = flowstack_systemd_unit.lab.name
  name    = "50-greeting"
  content = "[Service]\nEnvironment=GREETING=${var.greeting}\n"
}

resource "flowstack_service_limits" "lab" {
  unit   = flowstack_systemd_unit.lab.name
  nofile = "4096:8192"
  as     = "16G"
}

resource "flowstack_systemd_service" "ssh" {
  name   = "ssh.service"
  active = true
}

resource "flowstack_firewall" "this" {
  groups = {
    flows = { allowed = ["192.0.2.0/24"] }
  }
}

resource "flowstack_collector" "this" {
  settings = { "output.ndjson.path" = "/var/lib/flowcollector/flows.ndjson" }
}
