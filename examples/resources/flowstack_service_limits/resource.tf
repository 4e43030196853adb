# What Elasticsearch asks for.
resource "flowstack_service_limits" "elasticsearch" {
  host    = "flow1"
  unit    = "elasticsearch.service"
  nofile  = "131072"
  nproc   = "8192"
  memlock = "infinity"
  fsize   = "infinity"
  as      = "infinity"
}
