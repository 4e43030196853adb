# For what the collector writes to flows, or to names that begin with flows-
resource "flowstack_flow_index" "flows" {}
