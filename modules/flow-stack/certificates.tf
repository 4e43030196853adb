# An authority of the host's own. Private keys are made on the host and never leave it.

resource "flowstack_certificate_authority" "this" {}

# Elasticsearch reads files in its own directory alone, and needs them before its package would make that.
resource "flowstack_elasticsearch_directory" "this" {}

resource "flowstack_certificate" "elasticsearch" {
  authority        = flowstack_certificate_authority.this
  path             = "${flowstack_elasticsearch_directory.this.certificates}/node.crt"
  authorities_path = "${flowstack_elasticsearch_directory.this.certificates}/ca.crt"
  group            = flowstack_elasticsearch_directory.this.group
}

locals {
  address_is_ip = strcontains(var.address, ":") || can(cidrhost("${var.address}/32", 0))
}

# In /etc/flowstack/tls; its key is for root alone.
resource "flowstack_certificate" "kibana" {
  authority    = flowstack_certificate_authority.this
  dns_names    = concat(var.dns_names, local.address_is_ip ? [] : [var.address])
  ip_addresses = local.address_is_ip ? [var.address] : []
}
