# Receive buffers for the collector, and a setting of one's own.
resource "flowstack_sysctl" "flow1" {
  host = "flow1"
  settings = merge(
    provider::flowstack::sysctl_profile("collector"),
    { "vm.swappiness" = "1" },
  )
}

# A second one on the same host needs a name: its file is /etc/sysctl.d/60-router.conf.
resource "flowstack_sysctl" "router" {
  host     = "flow1"
  name     = "router"
  settings = { "net.ipv4.ip_forward" = "1" }
}

# What Elasticsearch demands. A name that begins with two digits says itself where its file comes in the order: /etc/sysctl.d/70-elasticsearch.conf.
resource "flowstack_sysctl" "elasticsearch" {
  host     = "flow1"
  name     = "70-elasticsearch"
  settings = provider::flowstack::sysctl_profile("elasticsearch")
}
