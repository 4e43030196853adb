# terraform query -generate-config-out=spaces.tf
list "flowstack_kibana_space" "all" {
  provider = flowstack
}
