# terraform query -generate-config-out=patterns.tf
list "flowstack_kibana_object" "patterns" {
  provider = flowstack
  limit    = 1000

  config {
    space = "noc"
    types = ["index-pattern"]
  }
}
