# No swap on a host with Elasticsearch, and none after a boot either. Where it has to stay: state = "on" and swappiness = 1.
resource "flowstack_swap" "flow1" {
  host = "flow1"
}
