# Routers send flows, the administrators' network uses Kibana, and nobody but the host itself reaches Elasticsearch.
resource "flowstack_firewall" "flow1" {
  host = "flow1"
  groups = {
    flows         = { udp = [2055, 6343], tcp = [4739], allowed = ["192.0.2.0/24", "2001:db8:1::/48"] }
    kibana        = { allowed = ["198.51.100.0/24"] }
    elasticsearch = { allowed = [] }
  }
}
