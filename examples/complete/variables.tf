variable "address" {
  type        = string
  description = "Name or address of the host."
}

variable "port" {
  type        = number
  default     = 22
  description = "Port of its SSH server."
}

variable "user" {
  type        = string
  default     = "root"
  description = "root, or a user with sudo."
}

variable "host_keys" {
  type        = list(string)
  description = "Host keys, as ssh-keyscan prints them after the name: \"ssh-ed25519 AAAA…\". A refused key is shown in the error, ready to paste."
}

variable "private_key" {
  type        = string
  sensitive   = true
  ephemeral   = true
  description = "Private key that the user logs in with."
}

variable "tune_kernel" {
  type        = bool
  default     = true
  description = "Set kernel parameters; false in a container."
}

variable "elasticsearch_endpoint" {
  type        = string
  default     = "https://127.0.0.1:9200"
  description = "URL of Elasticsearch as seen from the host."
}

variable "elasticsearch_username" {
  type        = string
  default     = "elastic"
  description = "Who may put index templates."
}

variable "elasticsearch_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "elasticsearch_ca_certificate" {
  type        = string
  description = "PEM certificate that signs Elasticsearch's."
}

variable "collector_username" {
  type        = string
  default     = "flowcollector"
  description = "Who may create documents in flows*."
}

variable "collector_password" {
  type      = string
  sensitive = true
  ephemeral = true
}
