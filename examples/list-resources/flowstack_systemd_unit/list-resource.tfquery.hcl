# terraform query -generate-config-out=units.tf
list "flowstack_systemd_unit" "backup" {
  provider = flowstack
  limit    = 500

  config {
    host         = "flow1"
    name_pattern = "backup*"
  }
}
