# One host from bare to flows in Elasticsearch: kernel, index template, collector.

terraform {
  required_version = ">= 1.11"
  required_providers {
    flowstack = {
      source = "flowstack/flowstack"
    }
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

  # Dialled through the SSH connection: its port need not be reachable from here.
  elasticsearch = {
    endpoint       = var.elasticsearch_endpoint
    username       = var.elasticsearch_username
    password       = var.elasticsearch_password
    ca_certificate = var.elasticsearch_ca_certificate
  }
}

# Room for bursts of flow packets. The kernel of a container is its machine's, hence the switch.
resource "flowstack_sysctl" "collector" {
  count    = var.tune_kernel ? 1 : 0
  settings = provider::flowstack::sysctl_profile("collector")
}

# How Elasticsearch stores flows. It has to be there before the first flow is written.
resource "flowstack_flow_index" "flows" {
  name = var.index
}

resource "flowstack_collector" "this" {
  depends_on = [flowstack_sysctl.collector, flowstack_flow_index.flows]

  settings = {
    "output.elasticsearch.addresses" = var.elasticsearch_endpoint
    "output.elasticsearch.username"  = var.collector_username
    "output.elasticsearch.index"     = var.index
  }
  elasticsearch_ca_certificate = var.elasticsearch_ca_certificate
  elasticsearch_password_wo    = var.collector_password
}
