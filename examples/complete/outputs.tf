output "collector" {
  description = "Version of the collector on the host."
  value       = flowstack_collector.this.package_version
}

output "effective" {
  description = "What was found on the host, fact by fact."
  value       = flowstack_collector.this.effective
}
