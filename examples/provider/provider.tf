terraform {
  required_version = ">= 1.11"
  required_providers {
    flowstack = {
      source = "flowstack/flowstack"
    }
  }
}

variable "ssh_private_key" {
  description = "Private key that may log in to the host."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "elastic_password" {
  description = "Password of the Elasticsearch user elastic."
  type        = string
  sensitive   = true
  ephemeral   = true
}

provider "flowstack" {
  hosts = {
    flow1 = {
      address     = "192.0.2.10"
      user        = "admin" # becomes root by sudo
      private_key = var.ssh_private_key
      host_keys   = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMvqnzYY+DQvvv0cQ4nBuiZv6x5qZPBrX1eTfAxfbTYE"]
    }
    flow2 = {
      address     = "10.0.0.12"
      private_key = var.ssh_private_key
      known_hosts = "10.0.0.12 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMvqnzYY+DQvvv0cQ4nBuiZv6x5qZPBrX1eTfAxfbTYE"
      bastions = [{
        address     = "192.0.2.1"
        user        = "jump"
        private_key = var.ssh_private_key
        host_keys   = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMvqnzYY+DQvvv0cQ4nBuiZv6x5qZPBrX1eTfAxfbTYE"]
      }]
    }
  }

  elasticsearch = {
    host     = "flow1"                  # it is dialled through the SSH connection of this host,
    endpoint = "https://127.0.0.1:9200" # so its port need not be open to anybody else
    username = "elastic"
    password = var.elastic_password
  }

  kibana = {
    host     = "flow1"
    username = "elastic"
    password = var.elastic_password
  }
}
