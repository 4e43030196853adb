# terraform apply -invoke=action.flowstack_host_reboot.flow1
action "flowstack_host_reboot" "flow1" {
  config {
    host    = "flow1"
    timeout = "15m"
  }
}
