# The appliance as a virtual machine of Proxmox VE, and its collector's settings: two applies, because the host key is on the console after the first.

terraform {
  required_version = ">= 1.11"
  required_providers {
    flowstack = {
      source = "flowstack/flowstack"
    }
    proxmox = {
      source  = "bpg/proxmox"
      version = ">= 0.78.0, < 1.0.0"
    }
  }
}

# PROXMOX_VE_ENDPOINT and PROXMOX_VE_API_TOKEN say where it is and who asks.
provider "proxmox" {}

resource "proxmox_virtual_environment_file" "image" {
  node_name    = var.node
  datastore_id = var.image_datastore
  content_type = "import"

  source_file {
    path = var.image
  }
}

resource "proxmox_virtual_environment_vm" "flow" {
  name            = var.name
  node_name       = var.node
  stop_on_destroy = true

  cpu {
    cores = 2
    type  = "x86-64-v2-AES"
  }

  memory {
    dedicated = var.memory_mib
  }

  operating_system {
    type = "l26"
  }

  disk {
    datastore_id = var.datastore
    interface    = "virtio0"
    import_from  = proxmox_virtual_environment_file.image.id
    size         = var.disk_gib
    discard      = "on"
  }

  network_device {
    bridge = var.bridge
  }

  # What "qm terminal" shows.
  serial_device {}

  # A drive with the label that cloud-init's NoCloud looks for. There is no guest agent to ask for an address: here it is given.
  initialization {
    datastore_id = var.datastore

    user_account {
      username = "root"
      keys     = [trimspace(var.public_key)]
    }

    ip_config {
      ipv4 {
        address = var.address
        gateway = var.gateway
      }
    }

    dns {
      servers = var.dns_servers
    }
  }
}

provider "flowstack" {
  hosts = {
    flow = {
      address     = split("/", var.address)[0]
      user        = "root"
      host_keys   = var.host_keys
      private_key = var.private_key
    }
  }
}

resource "flowstack_collector" "this" {
  depends_on = [proxmox_virtual_environment_vm.flow]

  settings = {
    "output.recent.enabled"   = "true"
    "output.recent.max_bytes" = "${floor(var.disk_gib / 5)}GiB"
  }
}
