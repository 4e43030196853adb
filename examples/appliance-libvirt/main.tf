# The appliance as a virtual machine of libvirt, and its collector's settings: two applies, because the host key is on the console after the first.

terraform {
  required_version = ">= 1.11"
  required_providers {
    flowstack = {
      source = "flowstack/flowstack"
    }
    libvirt = {
      source  = "dmacvicar/libvirt"
      version = "~> 0.8.0"
    }
  }
}

provider "libvirt" {
  uri = var.libvirt_uri
}

resource "libvirt_volume" "image" {
  name   = "flowstack-appliance.qcow2"
  pool   = var.pool
  source = var.image
  format = "qcow2"
}

resource "libvirt_volume" "disk" {
  name           = "${var.name}.qcow2"
  pool           = var.pool
  base_volume_id = libvirt_volume.image.id
  size           = var.disk_gib * 1024 * 1024 * 1024
}

resource "libvirt_cloudinit_disk" "seed" {
  name      = "${var.name}-seed.iso"
  pool      = var.pool
  meta_data = yamlencode({ "instance-id" = var.name, "local-hostname" = var.name })
  user_data = "#cloud-config\n${yamlencode({ ssh_authorized_keys = [var.public_key] })}"
}

resource "libvirt_domain" "flow" {
  name      = var.name
  memory    = var.memory_mib
  vcpu      = 2
  cloudinit = libvirt_cloudinit_disk.seed.id

  disk {
    volume_id = libvirt_volume.disk.id
  }

  network_interface {
    network_name   = var.network
    wait_for_lease = true
  }

  console {
    type        = "pty"
    target_type = "serial"
    target_port = "0"
  }
}

provider "flowstack" {
  hosts = {
    flow = {
      address     = libvirt_domain.flow.network_interface[0].addresses[0]
      user        = "root"
      host_keys   = var.host_keys
      private_key = var.private_key
    }
  }
}

resource "flowstack_collector" "this" {
  settings = {
    "output.recent.enabled"   = "true"
    "output.recent.max_bytes" = "${floor(var.disk_gib / 5)}GiB"
  }
}
