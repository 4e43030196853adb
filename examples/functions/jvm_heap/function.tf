# Beside the collector and Kibana on a host with 36 GiB: "12g"
output "shared" {
  value = provider::flowstack::jvm_heap(36 * pow(2, 30), "collector", "kibana")
}

# Alone on a host with 8 GiB: "4g"
output "alone" {
  value = provider::flowstack::jvm_heap(8 * pow(2, 30))
}
