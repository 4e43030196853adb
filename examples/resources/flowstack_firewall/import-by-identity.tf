import {
  to       = flowstack_firewall.flow1
  identity = { host = "flow1" }
}
