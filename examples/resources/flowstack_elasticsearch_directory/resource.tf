resource "flowstack_elasticsearch_directory" "flow1" {
  host = "flow1"
}

resource "flowstack_certificate_authority" "this" {
  host = "flow1"
}

# What makes certificates depends on the directory, and the node on them.
resource "flowstack_certificate" "http" {
  host             = "flow1"
  authority        = flowstack_certificate_authority.this
  path             = "${flowstack_elasticsearch_directory.flow1.certificates}/http.crt"
  authorities_path = "${flowstack_elasticsearch_directory.flow1.certificates}/ca.crt"
  group            = flowstack_elasticsearch_directory.flow1.group
  private_key_mode = "0640"
}
