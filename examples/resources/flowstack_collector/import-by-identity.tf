import {
  to = flowstack_collector.flow1
  identity = {
    host = "flow1"
  }
}
