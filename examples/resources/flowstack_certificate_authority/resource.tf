# The private key is made on flow1 and stays there.
resource "flowstack_certificate_authority" "this" {
  host = "flow1"
}

# One that you have already. Its key is on its host alone, and neither in the state nor in the plan.
variable "authority_certificate" {
  type    = string
  default = null
}

variable "authority_key" {
  type      = string
  sensitive = true
  ephemeral = true
  default   = null
}

resource "flowstack_certificate_authority" "own" {
  host               = "flow1"
  name               = "own"
  own_certificate    = var.authority_certificate
  own_private_key_wo = var.authority_key
}
