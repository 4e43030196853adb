# terraform query -generate-config-out=packages.tf
list "flowstack_package" "held" {
  provider = flowstack

  config {
    host = "flow1"
    held = true
  }
}
