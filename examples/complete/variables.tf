variable "address" {
  description = "Name or address of the host."
  type        = string
}

variable "port" {
  description = "SSH port of the host."
  type        = number
  default     = 22
}

variable "user" {
  description = "User to log in as: root, or one that sudo lets become root."
  type        = string
  default     = "root"
}

variable "host_keys" {
  description = "The host's SSH keys, such as [\"ssh-ed25519 AAAA…\"]. Left empty, the error shows the one the host offers, ready to paste."
  type        = list(string)
  default     = []
}

variable "private_key" {
  description = "SSH private key that may log in."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "tune_kernel" {
  description = "Whether to set kernel parameters. A container host cannot."
  type        = bool
  default     = true
}

variable "elasticsearch_endpoint" {
  description = "URL of Elasticsearch as seen from the host."
  type        = string
  default     = "https://127.0.0.1:9200"
}

variable "elasticsearch_username" {
  description = "User that may manage index templates."
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

variable "collector_username" {
  description = "User that the collector writes flows with; it needs the cluster privilege monitor, and create_doc and view_index_metadata on flows, health-flows and what begins with them and a hyphen."
  type        = string
  default     = "flowcollector"
}

variable "collector_password" {
  description = "Its password."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "index" {
  description = "Name that flows are written to, and, after health-, what the collector says about itself."
  type        = string
  default     = "flows"
}

variable "kibana_endpoint" {
  description = "URL of Kibana as seen from the host, such as https://127.0.0.1:5601, for the dashboards; null makes none."
  type        = string
  default     = null
}

variable "wait_for_flows" {
  description = "How long a plan or an apply waits for the first flow, such as 2m; 0s looks once."
  type        = string
  default     = "30s"
}
