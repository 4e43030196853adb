import {
  to = flowstack_certificate_authority.this
  identity = {
    host = "flow1"
    name = "default"
  }
}
