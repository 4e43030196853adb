# terraform query -generate-config-out=roles.tf
list "flowstack_elasticsearch_role" "flow" {
  provider = flowstack

  config {
    name_pattern = "flow_*"
  }
}
