variable "bootstrap_password" {
  description = "The bootstrap.password in the keystore of a new cluster."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "kibana_password" {
  description = "Password of the Elasticsearch user kibana_system."
  type        = string
  sensitive   = true
  ephemeral   = true
}

# The user that the provider asks as
resource "flowstack_elasticsearch_user_password" "elastic" {
  username              = "elastic"
  password_wo           = var.elastic_password
  bootstrap_password_wo = var.bootstrap_password
}

resource "flowstack_elasticsearch_user_password" "kibana" {
  username    = "kibana_system"
  password_wo = var.kibana_password

  depends_on = [flowstack_elasticsearch_user_password.elastic]
}
