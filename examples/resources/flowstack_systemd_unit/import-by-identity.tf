import {
  to = flowstack_systemd_unit.nightly
  identity = {
    host = "flow1"
    name = "flow-backup.timer"
  }
}
