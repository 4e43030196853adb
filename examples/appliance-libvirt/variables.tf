variable "libvirt_uri" {
  description = "Where libvirt is."
  type        = string
  default     = "qemu:///system"
}

variable "image" {
  description = "The appliance's qcow2: a path or a URL."
  type        = string
}

variable "name" {
  description = "Name of the virtual machine."
  type        = string
  default     = "flow"
}

variable "pool" {
  description = "Storage pool."
  type        = string
  default     = "default"
}

variable "network" {
  description = "Network that exporters reach."
  type        = string
  default     = "default"
}

variable "disk_gib" {
  description = "Size of the disk, in GiB."
  type        = number
  default     = 50
}

variable "memory_mib" {
  description = "Memory, in MiB."
  type        = number
  default     = 4096
}

variable "public_key" {
  description = "SSH public key that may log in."
  type        = string
}

variable "private_key" {
  description = "Its private key."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "host_keys" {
  description = "The appliance's SSH host keys: the line that its console shows. Left empty, the first apply ends with an error that shows the one it offers."
  type        = list(string)
  default     = []
}
