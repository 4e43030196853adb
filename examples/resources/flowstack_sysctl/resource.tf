# Receive buffers for the collector, and what Elasticsearch demands, on one host.
resource "flowstack_sysctl" "flow1" {
  host = "flow1"
  settings = merge(
    provider::flowstack::sysctl_profile("collector"),
    provider::flowstack::sysctl_profile("elasticsearch"),
    { "vm.swappiness" = "1" },
  )
}

# A second one on the same host needs a name: its file is /etc/sysctl.d/60-router.conf.
resource "flowstack_sysctl" "router" {
  host     = "flow1"
  name     = "router"
  settings = { "net.ipv4.ip_forward" = "1" }
}

# A name that begins with two digits says itself where its file comes in the order: /etc/sysctl.d/70-elasticsearch.conf.
resource "flowstack_sysctl" "elasticsearch" {
  host     = "flow1"
  name     = "70-elasticsearch"
  settings = provider::flowstack::sysctl_profile("elasticsearch")
}
