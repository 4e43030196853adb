# flowstack's own views of flows (docs/dashboards.md).
resource "flowstack_dashboards" "flows" {
  index = "flows" # as the flow index is called
}

# Some of them, for other people, in a space of their own.
resource "flowstack_kibana_space" "security" {
  space_id = "security"
  name     = "Security"
}

resource "flowstack_dashboards" "security" {
  space        = flowstack_kibana_space.security.id
  views        = ["security", "flows", "details"]
  title_prefix = ""
  deduplicate  = "ingress" # routers that report what comes in and what goes out, on all interfaces: count each packet once
}

# What Kibana exported, Stack Management → Saved Objects → Export, with related objects: file("${path.module}/dashboards.ndjson").
locals {
  exported = <<-EOT
    {"type":"index-pattern","id":"mine","attributes":{"title":"flows*","timeFieldName":"@timestamp"},"references":[],"migrationVersion":{"index-pattern":"7.11.0"}}
    {"type":"dashboard","id":"mine","attributes":{"title":"Mine","panelsJSON":"[]"},"references":[],"migrationVersion":{"dashboard":"7.14.0"}}
  EOT
}

resource "flowstack_dashboards" "mine" {
  name   = "mine"
  source = local.exported
}
