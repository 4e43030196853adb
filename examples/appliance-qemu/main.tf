# The appliance, booted from its image: a collector that keeps recent flows itself.

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
    flow = {
      address     = var.address
      port        = var.port
      user        = "root"
      host_keys   = var.host_keys
      private_key = var.private_key
    }
  }
}

# The image has them already: what is changed by hand is put back.
resource "flowstack_sysctl" "collector" {
  settings = provider::flowstack::sysctl_profile("collector")
}

resource "flowstack_collector" "this" {
  depends_on = [flowstack_sysctl.collector]

  settings = {
    "exporters.allow"         = join(",", var.exporters)
    "output.recent.enabled"   = "true"
    "output.recent.max_bytes" = var.recent_bytes
    "output.recent.keep"      = var.recent_keep

    # For when Elasticsearch is on the appliance, too: on a single node it stops at 95 % of the partition alone.
    "output.elasticsearch.retention.max_bytes" = var.elasticsearch_bytes
  }
}
