import {
  to = flowstack_kibana.this
  identity = {
    host = "flow1"
  }
}
