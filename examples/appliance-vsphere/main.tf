# The appliance as a virtual machine of vSphere, from its OVA, and its collector's settings: two applies, because the host key is on the console after the first.

terraform {
  required_version = ">= 1.11"
  required_providers {
    flowstack = {
      source = "flowstack/flowstack"
    }
    vsphere = {
      source  = "vmware/vsphere"
      version = "~> 2.13"
    }
  }
}

# VSPHERE_SERVER, VSPHERE_USER and VSPHERE_PASSWORD say where vCenter is and who asks.
provider "vsphere" {}

data "vsphere_datacenter" "this" {
  name = var.datacenter
}

data "vsphere_datastore" "this" {
  name          = var.datastore
  datacenter_id = data.vsphere_datacenter.this.id
}

data "vsphere_compute_cluster" "this" {
  name          = var.cluster
  datacenter_id = data.vsphere_datacenter.this.id
}

data "vsphere_host" "this" {
  name          = var.host
  datacenter_id = data.vsphere_datacenter.this.id
}

data "vsphere_network" "this" {
  name          = var.network
  datacenter_id = data.vsphere_datacenter.this.id
}

resource "vsphere_virtual_machine" "flow" {
  name             = var.name
  datacenter_id    = data.vsphere_datacenter.this.id
  datastore_id     = data.vsphere_datastore.this.id
  resource_pool_id = data.vsphere_compute_cluster.this.resource_pool_id
  host_system_id   = data.vsphere_host.this.id

  num_cpus  = 2
  memory    = var.memory_mib
  guest_id  = "other4xLinux64Guest"
  scsi_type = "pvscsi"

  ovf_deploy {
    local_ovf_path    = var.image
    disk_provisioning = "thin"
    ovf_network_map   = { "flows" = data.vsphere_network.this.id }
  }

  network_interface {
    network_id = data.vsphere_network.this.id
  }

  disk {
    label = "disk0"
    size  = var.disk_gib
  }

  # The OVA has these properties; cloud-init reads them by way of VMware's tools.
  vapp {
    properties = {
      "hostname"    = var.name
      "public-keys" = trimspace(var.public_key)
    }
  }
}

provider "flowstack" {
  hosts = {
    flow = {
      address     = vsphere_virtual_machine.flow.default_ip_address
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
