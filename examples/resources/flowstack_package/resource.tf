# Elasticsearch 7.17, held: it moves when its version here does.
resource "flowstack_package" "elasticsearch" {
  host    = "flow1"
  name    = "elasticsearch"
  version = "7.17.29"
}

# Any 4 of Debian's will do, and security updates may move it.
resource "flowstack_package" "chrony" {
  host    = "flow1"
  name    = "chrony"
  version = "4.*"
  hold    = false
}

output "chrony_version" {
  value = flowstack_package.chrony.effective["package chrony"]
}
