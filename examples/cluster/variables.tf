variable "nodes" {
  description = "The hosts, by the names of their nodes: three, of which any one may be away. Terraform reaches them by `address`, they and their clients each other by the IP address `cluster_address`."
  type = map(object({
    address         = string
    cluster_address = string
    port            = optional(number)
    user            = optional(string)
    host_keys       = list(string)
  }))

  validation {
    condition     = length(var.nodes) == 1 || length(var.nodes) == 3
    error_message = "One node or three elect a master; with two, neither may be away. More nodes join later, without initial_master_nodes."
  }
}

variable "private_key" {
  description = "SSH private key that may log in to all of them."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "clients" {
  description = "Networks and addresses of collectors and of Kibana."
  type        = set(string)
  default     = []
}

variable "bootstrap_password" {
  description = "Password of the user elastic until it has its own, in this same apply."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "elastic_password" {
  description = "Password of the user elastic, which the provider uses."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "elastic_version" {
  description = "Version of Elasticsearch."
  type        = string
  default     = "7.17.29"
}

variable "retention" {
  description = "How long flows are kept."
  type        = string
  default     = "30d"
}

variable "tune_kernel" {
  description = "Whether to set kernel parameters. A container host cannot."
  type        = bool
  default     = true
}
