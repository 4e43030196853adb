resource "flowstack_geoip_database" "this" {
  for_each = var.geoip

  kind           = each.key
  source         = each.value.source
  url            = each.value.url
  sha256         = each.value.sha256
  edition_id     = each.value.edition_id
  account_id     = each.value.account_id
  license_key_wo = each.value.edition_id == null ? null : var.maxmind_license_key
  max_age        = each.value.max_age
}
