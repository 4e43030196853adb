variable "image" {
  description = "Absolute path of the appliance's OVA."
  type        = string
}

variable "datacenter" {
  description = "Datacenter of vSphere."
  type        = string
}

variable "cluster" {
  description = "Cluster that runs the virtual machine."
  type        = string
}

variable "host" {
  description = "ESXi host of the cluster, which the disk is sent to."
  type        = string
}

variable "datastore" {
  description = "Datastore of the disk."
  type        = string
}

variable "network" {
  description = "Network that exporters reach, with DHCP."
  type        = string
  default     = "VM Network"
}

variable "name" {
  description = "Name of the virtual machine."
  type        = string
  default     = "flow"
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
