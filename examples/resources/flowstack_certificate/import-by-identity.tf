import {
  to = flowstack_certificate.http
  identity = {
    host = "flow1"
    path = "/etc/elasticsearch-certs/http.crt"
  }
}
