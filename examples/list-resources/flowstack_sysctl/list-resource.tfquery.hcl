# terraform query -generate-config-out=sysctls.tf
list "flowstack_sysctl" "flow1" {
  provider = flowstack

  config {
    host = "flow1"
  }
}
