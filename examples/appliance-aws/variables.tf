variable "image" {
  description = "Path of the appliance's VMDK, which its OVA has in it."
  type        = string
}

variable "bucket" {
  description = "Bucket of S3 that the disk goes by, in the same region."
  type        = string
}

variable "import_role" {
  description = "Service role of VM Import."
  type        = string
  default     = "vmimport"
}

variable "subnet_id" {
  description = "Subnet of the instance."
  type        = string
}

variable "name" {
  description = "Name of the image, the instance and what belongs to it."
  type        = string
  default     = "flowstack-appliance"
}

variable "instance_type" {
  description = "Type of the instance: one of the Nitro System, with x86 processors."
  type        = string
  default     = "t3.medium"
}

variable "disk_gib" {
  description = "Size of the disk, in GiB."
  type        = number
  default     = 50
}

variable "exporters" {
  description = "Networks that routers send flows from."
  type        = set(string)
}

variable "administrators" {
  description = "Networks that SSH is reached from, this machine's among them."
  type        = set(string)
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
