resource "flowstack_flow_index" "flows" {
  retention = "30d"
}

# Sums by the hour, kept for two years
resource "flowstack_flow_summary" "hourly" {
  source    = flowstack_flow_index.flows.name
  retention = "730d"
}

# By interface, for what a month costs
resource "flowstack_flow_summary" "interfaces" {
  name       = "summary-interfaces"
  source     = flowstack_flow_index.flows.name
  interval   = "1d"
  dimensions = ["observer.name", "observer.ip", "observer.ingress.interface.id", "observer.egress.interface.id"]
}
