# terraform apply -invoke=action.flowstack_service_restart.kibana
action "flowstack_service_restart" "kibana" {
  config {
    host          = "flow1"
    unit          = "kibana.service"
    wait_for_port = 5601
  }
}
