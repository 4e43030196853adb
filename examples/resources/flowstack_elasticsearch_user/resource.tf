variable "collector_password" {
  description = "Password of the Elasticsearch user flowcollector."
  type        = string
  sensitive   = true
  ephemeral   = true
}

locals {
  collector_role = provider::flowstack::collector_role("flows")
}

resource "flowstack_elasticsearch_role" "flow_writer" {
  name    = "flow_writer"
  cluster = local.collector_role.cluster
  indices = local.collector_role.indices
}

resource "flowstack_elasticsearch_user" "flowcollector" {
  username    = "flowcollector"
  password_wo = var.collector_password # neither in state nor in plan
  roles       = [flowstack_elasticsearch_role.flow_writer.name]
  full_name   = "The flow collector"
}
