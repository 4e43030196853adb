import {
  to = flowstack_elasticsearch_cluster_settings.flows
  identity = {
    name = "cluster"
  }
}
