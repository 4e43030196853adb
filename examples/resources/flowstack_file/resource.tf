# Content from the configuration. What was in /etc/motd before comes back with the destroy.
resource "flowstack_file" "motd" {
  host    = "flow1"
  path    = "/etc/motd"
  content = "This host collects flows. It is managed by Terraform.\n"
}

# A program checks the content before it takes its place.
resource "flowstack_file" "sudoers" {
  host      = "flow1"
  path      = "/etc/sudoers.d/flows"
  mode      = "0440"
  content   = "operator ALL=(root) NOPASSWD: /usr/bin/systemctl reload flowcollector\n"
  validator = ["visudo", "-cf", "{}"]
}

# A large local file is streamed; the state has its hash and size alone.
variable "networks" {
  type    = string
  default = "networks.mmdb"
}

resource "flowstack_file" "database" {
  host   = "flow1"
  path   = "/srv/networks.mmdb"
  source = var.networks
  group  = "adm"
  mode   = "0640"
}

# A secret is neither in the state nor in the plan, and a changed one is noticed.
variable "token" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "flowstack_file" "token" {
  host       = "flow1"
  path       = "/etc/flows.token"
  content_wo = var.token
}

# A value that is new in each run, such as that of an ephemeral resource, is written when its version is another one.
variable "session_key" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "flowstack_file" "session_key" {
  host               = "flow1"
  path               = "/etc/flows.session-key"
  content_wo         = var.session_key
  content_wo_version = 1
}
