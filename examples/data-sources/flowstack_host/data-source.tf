data "flowstack_host" "this" {
  host = "flow1" # may be left out when the provider has one host
}

# A third of the memory, in whole GiB.
output "heap_gib" {
  value = floor(data.flowstack_host.this.memory / 3 / pow(1024, 3))
}

check "disk" {
  assert {
    condition     = data.flowstack_host.this.mounts["/"].size >= 20 * pow(1024, 3)
    error_message = "Flows of a month need a disk of 20 GiB or more."
  }
}
