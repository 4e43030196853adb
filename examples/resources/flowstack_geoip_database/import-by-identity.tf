import {
  to = flowstack_geoip_database.city
  identity = {
    host = "flow1"
    kind = "city"
  }
}
