import {
  to = flowstack_elasticsearch_user.flowcollector
  identity = {
    username = "flowcollector"
  }
}
