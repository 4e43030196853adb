# What is other in tests than in examples/cluster: the repository, what this machine cannot have, and that nothing is kept.

resource "flowstack_elasticsearch_node" "this" {
  repository  = var.repository
  heap_size   = "384m"
  memory_lock = false
  delete_data = true
  settings    = var.settings
}

# Their Elasticsearch has no lifecycle management.
resource "flowstack_flow_index" "flows" {
  retention   = null
  delete_data = true
}
