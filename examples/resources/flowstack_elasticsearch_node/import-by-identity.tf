import {
  to = flowstack_elasticsearch_node.flow1
  identity = {
    host = "flow1"
  }
}
