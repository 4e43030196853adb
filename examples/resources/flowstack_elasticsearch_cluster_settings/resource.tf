resource "flowstack_elasticsearch_cluster_settings" "flows" {
  settings = {
    "search.max_buckets"                             = 100000
    "cluster.routing.allocation.disk.watermark.high" = "85%"
  }
}
