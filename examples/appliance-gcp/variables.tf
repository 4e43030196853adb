variable "image" {
  description = "Path of a .tar.gz with the appliance's raw image in it, as disk.raw."
  type        = string
}

variable "project" {
  description = "Project of Google Cloud."
  type        = string
}

variable "zone" {
  description = "Zone of the instance."
  type        = string
}

variable "bucket" {
  description = "Bucket of Cloud Storage that the disk goes by."
  type        = string
}

variable "network" {
  description = "VPC network of the instance."
  type        = string
  default     = "default"
}

variable "name" {
  description = "Name of the image, the instance and what belongs to it."
  type        = string
  default     = "flowstack-appliance"
}

variable "machine_type" {
  description = "Type of the machine, with x86 processors."
  type        = string
  default     = "e2-medium"
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
