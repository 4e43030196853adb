locals {
  name        = concat(var.dns_names, [var.address])[0]
  kibana_name = strcontains(local.name, ":") ? "[${local.name}]" : local.name
}

# systemd hands Kibana the private key of its certificate: the account kibana, which its package makes, is not there yet when the certificate is.
resource "flowstack_systemd_dropin" "kibana" {
  unit    = "kibana.service"
  name    = "50-tls"
  content = <<-EOT
    [Service]
    LoadCredential=kibana.key:${flowstack_certificate.kibana.private_key_path}
  EOT
}

# Kibana's three encryption keys are made on the host and stay in its keystore.
resource "flowstack_kibana" "this" {
  depends_on = [
    flowstack_systemd_dropin.kibana,
    flowstack_elasticsearch_node.this, # has made the repository known, for both packages
    flowstack_elasticsearch_user_password.kibana_system,
  ]

  package_version           = var.elastic_version
  repository                = { managed = false }
  elasticsearch_hosts       = [local.elasticsearch_url]
  elasticsearch_ca_file     = flowstack_certificate.kibana.authorities_path
  elasticsearch_password_wo = local.passwords.kibana_system

  public_base_url = "https://${local.kibana_name}:5601"
  tls = {
    certificate = flowstack_certificate.kibana.path
    key         = "/run/credentials/kibana.service/kibana.key"
  }
  settings = { "server.host" = strcontains(var.address, ":") ? "::" : "0.0.0.0" }

  # Kibana reads them when it starts: it is restarted by the apply that renews one.
  triggers = {
    certificate = flowstack_certificate.kibana.certificate
    authorities = flowstack_certificate.kibana.certificates
  }
}

# The views of flows: docs/dashboards.md.
resource "flowstack_dashboards" "flows" {
  depends_on   = [flowstack_kibana.this]
  index        = flowstack_flow_index.flows.name
  health_index = flowstack_flow_index.health.name
}
