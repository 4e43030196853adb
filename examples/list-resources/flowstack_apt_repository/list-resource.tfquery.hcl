# terraform query -generate-config-out=repositories.tf
list "flowstack_apt_repository" "flow1" {
  provider = flowstack

  config {
    host = "flow1"
  }
}
