import {
  to = flowstack_flow_index.flows
  identity = {
    name = "flows"
  }
}
