# From a bare Debian or Ubuntu host, with an Elasticsearch beside it, to flows that can be searched.
terraform {
  required_version = ">= 1.11"
  required_providers {
    flowstack = { source = "registry.terraform.io/flowstack/flowstack" }
  }
}

provider "flowstack" {
  hosts = {
    flow1 = {
      address     = var.address
      port        = var.port
      user        = var.user
      host_keys   = var.host_keys
      private_key = var.private_key
    }
  }

  # As seen from the host: it is dialled through the SSH connection and need not be reachable from here.
  elasticsearch = {
    endpoint       = var.elasticsearch_endpoint
    username       = var.elasticsearch_username
    password       = var.elasticsearch_password
    ca_certificate = var.elasticsearch_ca_certificate
  }
}

# Receive buffers and limits of the kernel. A container has no kernel of its own: set tune_kernel to false there.
resource "flowstack_sysctl" "collector" {
  count    = var.tune_kernel ? 1 : 0
  settings = provider::flowstack::sysctl_profile("collector")
}

# Without its template, Elasticsearch would guess the types of the fields.
resource "flowstack_flow_index" "flows" {
  name = "flows"
}

resource "flowstack_collector" "this" {
  settings = {
    "listen.udp"                     = "0.0.0.0:2055, [::]:2055"
    "output.elasticsearch.addresses" = var.elasticsearch_endpoint
    "output.elasticsearch.username"  = var.collector_username
    "output.elasticsearch.index"     = flowstack_flow_index.flows.name
  }
  elasticsearch_ca_certificate = var.elasticsearch_ca_certificate
  elasticsearch_password_wo    = var.collector_password

  # Larger buffers only help sockets that are opened afterwards.
  depends_on = [flowstack_sysctl.collector]
}
