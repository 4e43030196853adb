variable "image" {
  description = "Path of the appliance's qcow2."
  type        = string
}

variable "node" {
  description = "Node of Proxmox VE."
  type        = string
  default     = "pve"
}

variable "image_datastore" {
  description = "Storage that the image is sent to: one whose content may be \"Import\"."
  type        = string
  default     = "local"
}

variable "datastore" {
  description = "Storage of the disk and of the drive with the key."
  type        = string
  default     = "local-lvm"
}

variable "name" {
  description = "Name of the virtual machine."
  type        = string
  default     = "flow"
}

variable "bridge" {
  description = "Bridge that leads to exporters."
  type        = string
  default     = "vmbr0"
}

variable "address" {
  description = "Address of the appliance, with the length of the prefix: \"192.0.2.10/24\"."
  type        = string
}

variable "gateway" {
  description = "Its default gateway."
  type        = string
}

variable "dns_servers" {
  description = "DNS servers that it asks."
  type        = list(string)
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
