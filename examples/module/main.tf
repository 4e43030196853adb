# From a bare host to flows in Kibana, with three things to say.

variable "private_key" {
  description = "SSH private key that may log in to the host as root."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "address" {
  description = "Name or address of the host."
  type        = string
}

variable "host_keys" {
  description = "The host's SSH keys."
  type        = list(string)
}

module "flows" {
  # Outside this repository: git::https://github.com/flowstack/terraform-provider-flowstack.git//modules/flow-stack?ref=v0.1.0
  source = "../../modules/flow-stack"

  address     = var.address
  host_keys   = var.host_keys
  private_key = var.private_key

  # What to type on them is in the output router_configuration.
  routers = {
    edge = { platform = "edgeos", interfaces = ["eth0"] }
  }
}

output "kibana_url" {
  value = module.flows.kibana_url
}

output "password_command" {
  value = module.flows.password_command
}

output "edge" {
  value = module.flows.router_configuration["edge"]
}
