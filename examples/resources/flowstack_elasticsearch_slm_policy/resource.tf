# Every night at half past one (UTC), kept for 30 days
resource "flowstack_elasticsearch_slm_policy" "nightly" {
  name       = "nightly"
  schedule   = "0 30 1 * * ?"
  repository = "backup"
  indices    = ["flows", "summary-flows"]
  retention = {
    expire_after = "30d"
    min_count    = 5
    max_count    = 50
  }
}
