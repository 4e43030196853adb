output "collector_version" {
  description = "Version of the collector on the appliance."
  value       = flowstack_collector.this.package_version
}
