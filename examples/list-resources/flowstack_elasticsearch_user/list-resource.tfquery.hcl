# terraform query -generate-config-out=users.tf
list "flowstack_elasticsearch_user" "all" {
  provider = flowstack
}
