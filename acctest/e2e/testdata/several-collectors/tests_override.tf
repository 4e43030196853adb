# What is other in tests than in examples/several-collectors: their Elasticsearch has no lifecycle management, and nothing is kept.

resource "flowstack_flow_index" "flows" {
  retention   = null
  delete_data = true
}

resource "flowstack_flow_index" "health" {
  retention   = null
  delete_data = true
}
