# The three that are needed.

variable "address" {
  description = "Name or address of the host. Routers send their flows to it, too."
  type        = string
}

variable "host_keys" {
  description = "The host's SSH keys, such as `[\"ssh-ed25519 AAAA…\"]`. Left empty, the error shows the one the host offers, ready to paste."
  type        = list(string)
  default     = []
}

variable "private_key" {
  description = "SSH private key that may log in."
  type        = string
  sensitive   = true
  ephemeral   = true
}

# Who may reach it, and how it is called.

variable "exporters" {
  description = "Networks that routers send flows from. Private ones by default."
  type        = set(string)
  default     = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
}

variable "people" {
  description = "Networks that Kibana may be reached from. Private ones by default."
  type        = set(string)
  default     = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
}

variable "dns_names" {
  description = "Names that people reach the host by, besides `address`; the first one is in Kibana's URL."
  type        = list(string)
  default     = []
}

variable "routers" {
  description = "Routers, switches and firewalls by names of your choice, to be told what to type on them: see the output `router_configuration`, and the data source `flowstack_exporter_config` for the attributes."
  type = map(object({
    platform   = string
    interfaces = optional(list(string))
    source     = optional(string)
    sampling   = optional(number)
    protocol   = optional(string)
  }))
  default = {}
}

# What is kept, and how large it may get.

variable "retention" {
  description = "How long flows are kept; empty is for good."
  type        = string
  default     = "30d"
}

variable "shards" {
  description = "Parts that the index of flows has. A search uses a processor for each: as many as processors is right for most."
  type        = number
  default     = 2
}

variable "heap_size" {
  description = "Heap of Elasticsearch, such as `4g`; null is a third of the host's memory."
  type        = string
  default     = null
}

variable "delete_data" {
  description = "Whether a destroy removes Elasticsearch's data, too."
  type        = bool
  default     = false
}

# Places and autonomous systems.

variable "geoip" {
  description = "GeoIP databases: `city` and `asn`, each from a file (`source`), a `url` with its `sha256`, or MaxMind (`edition_id`, `account_id`); the attributes are those of `flowstack_geoip_database`."
  type = map(object({
    source     = optional(string)
    url        = optional(string)
    sha256     = optional(string)
    edition_id = optional(string)
    account_id = optional(string)
    max_age    = optional(string)
  }))
  default = {}

  validation {
    condition     = length(setsubtract(keys(var.geoip), ["city", "asn"])) == 0
    error_message = "Its keys are city and asn: one database of places, one of autonomous systems."
  }
}

variable "maxmind_license_key" {
  description = "Licence key of MaxMind, for those of `geoip` that have an `edition_id`."
  type        = string
  sensitive   = true
  ephemeral   = true
  default     = null
}

# Elastic's packages.

variable "elastic_version" {
  description = "Version of Elasticsearch and Kibana."
  type        = string
  default     = "7.17.29"
}

variable "repository" {
  description = "A mirror of Elastic's repository, and the key that signs it; `{}` is Elastic's own."
  type = object({
    uris             = optional(list(string))
    key              = optional(string)
    key_fingerprints = optional(list(string))
  })
  default = {}
}

# Passwords. Those that are null are made of `password_secret`.

variable "password_secret" {
  description = "What passwords are made of, random and of 40 characters or more. By default `private_key`: give the former one here when you exchange that, and the same secret to all who have keys of their own."
  type        = string
  sensitive   = true
  ephemeral   = true
  default     = null
  validation {
    condition     = var.password_secret == null ? true : length(trimspace(var.password_secret)) >= 40
    error_message = "password_secret has to be random, and of 40 characters or more: passwords are made of it."
  }
}

variable "elastic_password" {
  description = "Password of the user `elastic`, which the provider uses, of six characters or more."
  type        = string
  sensitive   = true
  ephemeral   = true
  default     = null
}

variable "previous_elastic_password" {
  description = "Its former password, for the apply that changes it."
  type        = string
  sensitive   = true
  ephemeral   = true
  default     = null
}

variable "bootstrap_password" {
  description = "Password of the user `elastic` until it has its own, in this same apply."
  type        = string
  sensitive   = true
  ephemeral   = true
  default     = null
}

variable "kibana_system_password" {
  description = "Password that Kibana itself uses."
  type        = string
  sensitive   = true
  ephemeral   = true
  default     = null
}

variable "collector_password" {
  description = "Password that the collector writes flows with."
  type        = string
  sensitive   = true
  ephemeral   = true
  default     = null
}

# What is seldom another.

variable "port" {
  description = "SSH port of the host."
  type        = number
  default     = 22
}

variable "user" {
  description = "User to log in as: root, or one that sudo lets become root without a password."
  type        = string
  default     = "root"
}

variable "cluster_name" {
  description = "Name of the Elasticsearch cluster, of one node."
  type        = string
  default     = "flows"
}

variable "index" {
  description = "Name that flows are written to."
  type        = string
  default     = "flows"
}

variable "collector_settings" {
  description = "More settings of the collector, by dotted name."
  type        = map(string)
  default     = {}
}

variable "elasticsearch_settings" {
  description = "More settings of Elasticsearch, by dotted name."
  type        = map(string)
  default     = {}
}

variable "memory_lock" {
  description = "Whether Elasticsearch keeps its memory from being swapped."
  type        = bool
  default     = true
}

variable "tune_kernel" {
  description = "Whether to set kernel parameters. A container host cannot."
  type        = bool
  default     = true
}

variable "wait_for_flows" {
  description = "How long a plan or an apply waits for the first flow, such as 2m; 0s looks once."
  type        = string
  default     = "30s"
}
