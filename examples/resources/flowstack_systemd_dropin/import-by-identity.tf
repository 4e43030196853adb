import {
  to = flowstack_systemd_dropin.kibana
  identity = {
    host = "flow1"
    unit = "kibana.service"
    name = "50-memory"
  }
}
