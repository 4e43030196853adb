# What is added to the module flow-stack to have its certificates change while it runs.

variable "rollover" {
  type    = string
  default = null
}

# Nodes among themselves trust another authority than their clients do.
resource "flowstack_certificate_authority" "transport" {
  name = "transport"
}

resource "flowstack_certificate" "transport" {
  authority        = flowstack_certificate_authority.transport
  path             = "${flowstack_elasticsearch_directory.this.certificates}/transport.crt"
  authorities_path = "${flowstack_elasticsearch_directory.this.certificates}/transport-ca.crt"
  group            = flowstack_elasticsearch_directory.this.group
}
