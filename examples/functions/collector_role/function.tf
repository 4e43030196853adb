# What a collector that writes to flows, or to names that begin with flows-, needs to be allowed
output "role" {
  value = provider::flowstack::collector_role("flows")
}
