import {
  to = flowstack_flow_summary.hourly
  identity = {
    name = "summary-flows"
  }
}
