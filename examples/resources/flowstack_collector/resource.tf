variable "collector_password" {
  description = "Password of the Elasticsearch user flowcollector."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "flowstack_collector" "flow1" {
  host = "flow1"
  settings = {
    "listen.udp"                     = "0.0.0.0:2055, [::]:2055"
    "enrich.geoip.city"              = "/var/lib/GeoIP/GeoLite2-City.mmdb"
    "enrich.geoip.asn"               = "/var/lib/GeoIP/GeoLite2-ASN.mmdb"
    "output.elasticsearch.addresses" = "https://127.0.0.1:9200"
    "output.elasticsearch.username"  = "flowcollector"
    "output.elasticsearch.index"     = "flows"
  }
  elasticsearch_password_wo = var.collector_password # neither in state nor in plan
}
