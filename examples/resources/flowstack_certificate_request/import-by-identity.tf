import {
  to = flowstack_certificate_request.web
  identity = {
    host = "flow1"
    path = "/etc/ssl/private/web.key"
  }
}
