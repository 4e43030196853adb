# One bare host, everything on it: kernel, certificates, Elasticsearch, accounts, Kibana, firewall, GeoIP, collector.

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

  # https://127.0.0.1:9200 of the host, through SSH; /etc/elasticsearch/certs/ca.crt says whom to trust, once this apply has put it there.
  elasticsearch = {
    username          = "elastic"
    password          = local.passwords.elastic
    previous_password = var.previous_elastic_password
  }

  # https://127.0.0.1:5601 of the host, likewise. The authority is the same one.
  kibana = {
    username          = "elastic"
    password          = local.passwords.elastic
    previous_password = var.previous_elastic_password
    ca_file           = "/etc/elasticsearch/certs/ca.crt"
  }
}

# The kernel of a container is its machine's, hence the switch.
resource "flowstack_sysctl" "this" {
  count    = var.tune_kernel ? 1 : 0
  settings = merge(provider::flowstack::sysctl_profile("elasticsearch"), provider::flowstack::sysctl_profile("collector"))
}
