# HOST/KIND: what /var/lib/GeoIP/city.mmdb on host flow1 is
terraform import flowstack_geoip_database.city flow1/city
