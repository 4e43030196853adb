# What to type on the routers: nothing is asked or changed there.
data "flowstack_exporter_config" "this" {
  for_each = var.routers

  platform   = each.value.platform
  interfaces = each.value.interfaces
  source     = each.value.source
  sampling   = each.value.sampling
  protocol   = each.value.protocol
  collector  = var.address
}
