import {
  to = flowstack_sysctl.flow1
  identity = {
    host = "flow1"
    name = "flowstack"
  }
}
