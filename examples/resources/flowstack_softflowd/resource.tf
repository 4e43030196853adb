# A Linux router that exports what passes its interface to the provider, and a sample of what is inside.
resource "flowstack_softflowd" "router" {
  host = "flow1"
  instances = {
    wan = { interface = "eth0", collector = "192.0.2.10", max_flows = 262144, filter = "not (udp and port 2055)" }
    lan = { interface = "eth1", collector = "192.0.2.10", sampling = 10 }
  }
}
