import {
  to = flowstack_kibana_object.flows
  identity = {
    type      = "index-pattern"
    object_id = "flows"
  }
}
