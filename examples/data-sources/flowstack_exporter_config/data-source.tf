data "flowstack_exporter_config" "edge" {
  platform   = "edgeos"
  collector  = "192.0.2.10"
  interfaces = ["eth0"]
}

# To paste on the router: terraform output -raw edge
output "edge" {
  value = data.flowstack_exporter_config.edge.configuration
}

# A core router samples one packet of 4096, on all its uplinks.
data "flowstack_exporter_config" "core" {
  platform   = "juniper-mx"
  collector  = "192.0.2.10"
  interfaces = ["et-0/0/0.0", "et-0/0/1.0"]
  source     = "198.51.100.1"
  sampling   = 4096
}

check "core" {
  assert {
    condition     = length(data.flowstack_exporter_config.core.warnings) == 0
    error_message = join("\n", data.flowstack_exporter_config.core.warnings)
  }
}
