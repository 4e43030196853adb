output "collector_version" {
  description = "Version of the collector on the host."
  value       = flowstack_collector.this.package_version
}

output "settings" {
  description = "The collector's settings as they are on the host."
  value = {
    for fact, value in flowstack_collector.this.effective :
    trimprefix(fact, "file /etc/flowcollector/flowcollector.yml: ") => value
    if startswith(fact, "file /etc/flowcollector/flowcollector.yml: ")
  }
}
