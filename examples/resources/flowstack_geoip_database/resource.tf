variable "maxmind_license_key" {
  type      = string
  sensitive = true
  ephemeral = true
}

# From MaxMind. A plan looks for a newer one when this is two weeks old.
resource "flowstack_geoip_database" "city" {
  host           = "flow1"
  kind           = "city"
  edition_id     = "GeoLite2-City"
  account_id     = "123456"
  license_key_wo = var.maxmind_license_key # neither in state nor in plan
  max_age        = "14d"
}

# From DB-IP, pinned: another month is another URL and another digest. (This digest is made up: sha256sum tells that of the file.)
resource "flowstack_geoip_database" "asn" {
  host   = "flow1"
  kind   = "asn"
  url    = "https://download.db-ip.com/free/dbip-asn-lite-2026-11.mmdb.gz"
  sha256 = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
}

resource "flowstack_collector" "flow1" {
  host = "flow1"
  settings = {
    "enrich.geoip.city" = flowstack_geoip_database.city.path
    "enrich.geoip.asn"  = flowstack_geoip_database.asn.path
  }
}
