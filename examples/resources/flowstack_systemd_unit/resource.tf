# A snapshot of the flows every night.
resource "flowstack_systemd_unit" "backup" {
  host               = "flow1"
  name               = "flow-backup.service"
  content            = <<-EOT
    [Unit]
    Description=Copy the flows of the day

    [Service]
    Type=oneshot
    ExecStart=/usr/bin/cp -a /var/lib/flowcollector /var/backups
  EOT
  enabled            = false # the timer starts it: whether it runs just now is not looked at
  restart_when_stale = false # and an apply does not run it again because it failed
}

resource "flowstack_systemd_unit" "nightly" {
  host       = "flow1"
  name       = "flow-backup.timer"
  content    = <<-EOT
    [Timer]
    OnCalendar=daily

    [Install]
    WantedBy=timers.target
  EOT
  active     = true
  depends_on = [flowstack_systemd_unit.backup]
}
