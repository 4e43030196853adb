# A unit of one's own, limits and a drop-in of it, and its state.
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

variable "nofile" {
  type    = string
  default = "4096:8192"
}
variable "environment" {
  type    = string
  default = "GREETING=hello"
}

provider "flowstack" {
  hosts = {
    flow1 = { address = var.address, port = var.port, host_keys = var.host_keys, private_key = var.private_key }
  }
}

resource "flowstack_service_limits" "demo" {
  unit   = "demo.service"
  nofile = var.nofile
  fsize  = "infinity"
}

resource "flowstack_systemd_dropin" "demo" {
  unit    = "demo.service"
  name    = "50-environment"
  content = "[Service]\nEnvironment=${var.environment}\n"
}

resource "flowstack_systemd_service" "demo" {
  name       = "demo.service"
  enabled    = true
  active     = true
  inputs     = ["/etc/demo.conf"]
  stable_for = "2s"
  depends_on = [flowstack_service_limits.demo, flowstack_systemd_dropin.demo]
}

resource "flowstack_systemd_unit" "own" {
  name    = "own.service"
  active  = true
  content = <<-EOT
    [Unit]
    Description=A unit of one's own
    [Service]
    ExecStart=/bin/sleep infinity
    [Install]
    WantedBy=multi-user.target
  EOT
}

data "flowstack_systemd_service" "demo" {
  name       = flowstack_systemd_service.demo.name
  depends_on = [flowstack_systemd_service.demo]
}

output "demo" { value = data.flowstack_systemd_service.demo }
