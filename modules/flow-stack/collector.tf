# Routers send flows, people use Kibana, and nobody but the host itself reaches Elasticsearch. SSH stays as it is.
resource "flowstack_firewall" "this" {
  groups = {
    flows         = { allowed = var.exporters }
    kibana        = { allowed = var.people }
    elasticsearch = { allowed = [] }
  }
}

resource "flowstack_collector" "this" {
  depends_on = [flowstack_sysctl.this, flowstack_firewall.this]

  settings = merge({
    "output.elasticsearch.addresses"    = local.elasticsearch_url
    "output.elasticsearch.username"     = flowstack_elasticsearch_user.flowcollector.username
    "output.elasticsearch.index"        = flowstack_flow_index.flows.name
    "output.elasticsearch.health.index" = flowstack_flow_index.health.name
  }, { for kind, database in flowstack_geoip_database.this : "enrich.geoip.${kind}" => database.path }, var.collector_settings)
  elasticsearch_ca_certificate = flowstack_certificate.elasticsearch.certificates
  elasticsearch_password_wo    = local.passwords.flowcollector
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
