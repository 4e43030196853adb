# The private key is made on the host and stays there.
resource "flowstack_certificate_request" "web" {
  host       = "flow1"
  path       = "/etc/ssl/private/web.key"
  dns_names  = ["flows.example.net"]
  host_names = false
}

# What your authority has issued for flowstack_certificate_request.web.request: the certificate, followed by its intermediates.
variable "web_certificate" {
  type    = string
  default = null
}

resource "flowstack_certificate" "web" {
  count            = var.web_certificate == null ? 0 : 1
  host             = "flow1"
  path             = "/etc/ssl/certs/web.crt"
  private_key_path = flowstack_certificate_request.web.path
  dns_names        = ["flows.example.net"]
  certificate      = var.web_certificate
}
