data "flowstack_systemd_service" "collector" {
  host = "flow1"
  name = "flowcollector.service"
}

output "collector_runs" {
  value = data.flowstack_systemd_service.collector.active == "active"
}
