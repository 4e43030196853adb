# A collector that writes to an Elasticsearch that is there: kernel, index templates, collector, dashboards.

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

  kibana = var.kibana_endpoint == null ? null : {
    endpoint       = var.kibana_endpoint
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
  name   = var.index
  shards = 2 # a search uses a processor for each
}

# What the collector says about itself, for the view of its health.
resource "flowstack_flow_index" "health" {
  name      = "health-${var.index}"
  documents = "health"
}

resource "flowstack_collector" "this" {
  depends_on = [flowstack_sysctl.collector]

  settings = {
    "output.elasticsearch.addresses"    = var.elasticsearch_endpoint
    "output.elasticsearch.username"     = var.collector_username
    "output.elasticsearch.index"        = flowstack_flow_index.flows.name
    "output.elasticsearch.health.index" = flowstack_flow_index.health.name
  }
  elasticsearch_ca_certificate = var.elasticsearch_ca_certificate
  elasticsearch_password_wo    = var.collector_password
}

# The apply ends with whether it works. While nobody sends, it is a warning that says what came instead.
check "flows_arrive" {
  data "flowstack_exporter_seen" "any" {
    depends_on = [flowstack_collector.this]
    wait       = var.wait_for_flows
  }

  assert {
    condition     = data.flowstack_exporter_seen.any.flows > 0
    error_message = "No flows arrive."
  }
}

# The views of flows, where there is a Kibana: docs/dashboards.md.
resource "flowstack_dashboards" "flows" {
  count        = var.kibana_endpoint == null ? 0 : 1
  index        = flowstack_flow_index.flows.name
  health_index = flowstack_flow_index.health.name
}
