variable "collectors" {
  description = "The hosts that collect flows, by names of your choice."
  type = map(object({
    address   = string
    port      = optional(number)
    user      = optional(string)
    host_keys = list(string)
  }))
}

variable "private_key" {
  description = "SSH private key that may log in to all of them."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "exporters" {
  description = "Networks that routers send flows from."
  type        = set(string)
}

variable "elasticsearch_endpoints" {
  description = "URLs of Elasticsearch, of one or several nodes of a cluster, as seen from the hosts."
  type        = list(string)
}

variable "elasticsearch_username" {
  description = "User that may manage index templates, lifecycle policies, roles and users."
  type        = string
  default     = "elastic"
}

variable "elasticsearch_password" {
  description = "Its password."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "elasticsearch_ca_certificate" {
  description = "PEM certificate of the authority that signed Elasticsearch's; null trusts what the machines trust."
  type        = string
  default     = null
}

variable "collector_passwords" {
  description = "Passwords for the collectors to write flows with, by the names of `collectors`."
  type        = map(string)
  sensitive   = true
  ephemeral   = true
}

variable "index" {
  description = "Name that flows are written to."
  type        = string
  default     = "flows"
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
