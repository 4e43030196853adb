resource "flowstack_certificate_authority" "this" {
  rollover = var.rollover
}

resource "flowstack_elasticsearch_node" "this" {
  tls = {
    http = local.elasticsearch_tls
    transport = {
      certificate = flowstack_certificate.transport.path
      key         = flowstack_certificate.transport.private_key_path
      authorities = [flowstack_certificate.transport.authorities_path]
    }
  }
}
