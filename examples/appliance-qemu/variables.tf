variable "address" {
  description = "Address of the appliance, as its console shows."
  type        = string
  default     = "127.0.0.1"
}

variable "port" {
  description = "Port that leads to its SSH."
  type        = number
  default     = 2222
}

variable "host_keys" {
  description = "Its SSH host keys: the line that its console shows."
  type        = list(string)
}

variable "private_key" {
  description = "SSH private key of the public one that it was given when it booted."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "exporters" {
  description = "Networks that routers send flows from; everybody may when it is empty."
  type        = set(string)
  default     = []
}

variable "recent_bytes" {
  description = "Most that recent flows take of the data partition, of which the image gives them a quarter."
  type        = string
  default     = "512MiB"
}

variable "recent_keep" {
  description = "Age at which they are removed."
  type        = string
  default     = "7d"
}

variable "elasticsearch_bytes" {
  description = "Most that flows take of it in Elasticsearch, once that is installed: 40 % of the data partition leaves room for the rest. This is for a disk of 50 GiB."
  type        = string
  default     = "15GiB"
}
