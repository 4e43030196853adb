data "flowstack_elasticsearch_certificates" "this" {}

check "certificates" {
  assert {
    condition     = data.flowstack_elasticsearch_certificates.this.days_left > 14
    error_message = "A certificate of Elasticsearch ends in ${data.flowstack_elasticsearch_certificates.this.days_left} days."
  }
}
