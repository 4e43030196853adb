# terraform apply -invoke=action.flowstack_service_reload.collector
action "flowstack_service_reload" "collector" {
  config {
    unit = "flowcollector.service"
  }
}
