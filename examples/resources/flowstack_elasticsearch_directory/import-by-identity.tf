import {
  to = flowstack_elasticsearch_directory.flow1
  identity = {
    host = "flow1"
  }
}
