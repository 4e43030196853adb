# /etc/systemd/system/kibana.service.d/50-memory.conf
resource "flowstack_systemd_dropin" "kibana" {
  host    = "flow1"
  unit    = "kibana.service"
  name    = "50-memory"
  content = <<-EOT
    [Service]
    Environment=NODE_OPTIONS=--max-old-space-size=2048
  EOT
}
