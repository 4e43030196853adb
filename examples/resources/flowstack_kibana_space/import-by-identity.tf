import {
  to = flowstack_kibana_space.flows
  identity = {
    space_id = "flows"
  }
}
