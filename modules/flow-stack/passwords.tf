# Passwords that are not given are made of a secret that whoever logs in to the host has anyway: the same ones in every plan, without being kept
# in the state, and others for each host. 192 bits of a SHA-256 tell neither a random secret nor, by one password, the others.
locals {
  secret = trimspace(var.password_secret != null ? var.password_secret : var.private_key)
  made   = { for user in ["bootstrap", "elastic", "kibana_system", "flowcollector"] : user => substr(sha256("flow-stack ${var.address} ${user} ${local.secret}"), 0, 48) }
  passwords = {
    bootstrap     = var.bootstrap_password != null ? var.bootstrap_password : local.made.bootstrap
    elastic       = var.elastic_password != null ? var.elastic_password : local.made.elastic
    kibana_system = var.kibana_system_password != null ? var.kibana_system_password : local.made.kibana_system
    flowcollector = var.collector_password != null ? var.collector_password : local.made.flowcollector
  }
}

# For people to log in to Kibana with: root alone may read it. Until the password is in force, the former one stays.
resource "flowstack_file" "elastic_password" {
  depends_on = [flowstack_elasticsearch_user_password.elastic]
  path       = "/root/elastic-password"
  content_wo = "${local.passwords.elastic}\n"
}
