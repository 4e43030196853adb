import {
  to       = flowstack_softflowd.router
  identity = { host = "flow1" }
}
