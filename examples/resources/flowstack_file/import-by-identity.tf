import {
  to = flowstack_file.motd
  identity = {
    host = "flow1"
    path = "/etc/motd"
  }
}
