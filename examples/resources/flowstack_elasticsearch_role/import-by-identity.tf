import {
  to = flowstack_elasticsearch_role.flow_reader
  identity = {
    name = "flow_reader"
  }
}
