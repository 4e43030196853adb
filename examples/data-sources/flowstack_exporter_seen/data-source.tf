resource "flowstack_collector" "this" {
  host = "flow1"
}

# An apply ends with whether it works: a router that is silent is a warning that says what came instead.
check "edge_sends_flows" {
  data "flowstack_exporter_seen" "edge" {
    host       = "flow1"
    address    = "192.0.2.1"
    depends_on = [flowstack_collector.this]
  }

  assert {
    condition     = data.flowstack_exporter_seen.edge.lost == 0
    error_message = "Flows of the edge router get lost on the way."
  }
}
