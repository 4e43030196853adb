variable "kibana_system_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "flowstack_kibana" "this" {
  host                      = "flow1"
  package_version           = "7.17.29"
  elasticsearch_hosts       = ["https://127.0.0.1:9200"]
  elasticsearch_ca_file     = "/etc/kibana/certs/ca.crt"
  elasticsearch_password_wo = var.kibana_system_password

  public_base_url = "https://flow1.example:5601"
  tls = {
    certificate = "/etc/kibana/certs/kibana.crt"
    key         = "/etc/kibana/certs/kibana.key"
  }

  settings = {
    "server.host"       = "0.0.0.0"
    "server.maxPayload" = "8388608"

    "elasticsearch.requestTimeout" = "132000"
    "elasticsearch.shardTimeout"   = "120000"

    "data.autocomplete.valueSuggestions.timeout"        = "2000"
    "data.autocomplete.valueSuggestions.terminateAfter" = "500000"
  }
}
