output "kibana_url" {
  description = "Where people find Kibana."
  value       = flowstack_kibana.this.public_base_url
}

output "elasticsearch_url" {
  description = "Where Elasticsearch is, for programs on the host: nobody else reaches it."
  value       = local.elasticsearch_url
}

output "password_command" {
  description = "Prints the password of the user elastic, to log in to Kibana with: run it where you run Terraform."
  value       = "ssh -p ${var.port} ${var.user}@${var.address} ${var.user == "root" ? "" : "sudo "}cat ${flowstack_file.elastic_password.path}"
}

output "authority" {
  description = "Certificate of the authority, for browsers to trust."
  value       = flowstack_certificate_authority.this.certificates
}

output "router_configuration" {
  description = "What to type on each of `routers`, by its name."
  value       = { for name, router in data.flowstack_exporter_config.this : name => router.configuration }
}

output "router_warnings" {
  description = "What may disappoint about each of `routers`, by its name."
  value       = { for name, router in data.flowstack_exporter_config.this : name => router.warnings if length(router.warnings) > 0 }
}

output "collector_version" {
  description = "Version of the collector on the host."
  value       = flowstack_collector.this.package_version
}
