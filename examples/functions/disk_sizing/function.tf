# 1000 flows/s kept for 30 days, on one node
output "disk_gigabytes" {
  value = ceil(provider::flowstack::disk_sizing(1000, 30).bytes / 1e9)
}

# In the profile full, each flow on two nodes
output "two_nodes" {
  value = provider::flowstack::disk_sizing(1000, 30, { profile = "full", replicas = 1 })
}
