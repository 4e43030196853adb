resource "flowstack_certificate_authority" "this" {
  host = "flow1"
}

# /etc/flowstack/tls/host.crt, host.key and host-ca.crt, for localhost, the host's names and all its addresses, and for one that is translated on the way.
resource "flowstack_certificate" "flow1" {
  host         = "flow1"
  authority    = flowstack_certificate_authority.this
  dns_names    = ["flows.example.net"]
  ip_addresses = ["192.0.2.10"]
}

# Where Elasticsearch reads it: the package's group is there once the package is.
resource "flowstack_directory" "certs" {
  host  = "flow1"
  path  = "/etc/elasticsearch-certs"
  group = "adm"
  mode  = "0750"
}

resource "flowstack_certificate" "http" {
  host      = "flow1"
  path      = "${flowstack_directory.certs.path}/http.crt"
  group     = "adm"
  mode      = "0640"
  authority = flowstack_certificate_authority.this
}
