data "flowstack_elasticsearch_cluster" "this" {}

check "cluster" {
  assert {
    condition     = data.flowstack_elasticsearch_cluster.this.health != "red"
    error_message = "Elasticsearch lacks data: ${data.flowstack_elasticsearch_cluster.this.unassigned_shards} shards are nowhere."
  }
}
