# Elasticsearch starts at boot, runs with its configuration as it is, and answers.
resource "flowstack_systemd_service" "elasticsearch" {
  host          = "flow1"
  name          = "elasticsearch.service"
  enabled       = true
  active        = true
  inputs        = ["/etc/elasticsearch/elasticsearch.yml"]
  wait_for_port = 9200
}

# Nobody starts what would change packages by itself.
resource "flowstack_systemd_service" "upgrades" {
  host   = "flow1"
  name   = "unattended-upgrades.service"
  masked = true
}
