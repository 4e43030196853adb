# What the collector writes to: a data stream, kept for 30 days
resource "flowstack_flow_index" "flows" {
  retention = "30d"
}

# Two tiers: a week on fast nodes, then on those with node.attr.box: slow
resource "flowstack_flow_index" "lab" {
  name      = "lab"
  retention = "90d"
  shards    = 3
  rollover  = { max_size = "20gb" }
  warm = {
    after           = "7d"
    replicas        = 0
    node_attributes = { box = "slow" }
  }
  settings = {
    "index.refresh_interval" = "30s"
  }
}
