data "flowstack_systemd_service" "collector" {
  name = "flowcollector.service"
}

check "collector" {
  assert {
    condition     = data.flowstack_systemd_service.collector.active == "active"
    error_message = "The collector is ${coalesce(data.flowstack_systemd_service.collector.active, "not there")}."
  }
}
