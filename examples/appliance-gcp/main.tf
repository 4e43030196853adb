# The appliance as an image and an instance of Compute Engine, and its collector's settings: two applies, because the host key is on the console after the
# first.

terraform {
  required_version = ">= 1.11"
  required_providers {
    flowstack = {
      source = "flowstack/flowstack"
    }
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0"
    }
  }
}

provider "google" {
  project = var.project
  zone    = var.zone
}

resource "google_storage_bucket_object" "disk" {
  name   = "${var.name}.tar.gz"
  bucket = var.bucket
  source = var.image
}

resource "google_compute_image" "appliance" {
  name = var.name

  raw_disk {
    source = "https://storage.googleapis.com/${google_storage_bucket_object.disk.bucket}/${google_storage_bucket_object.disk.name}"
  }

  dynamic "guest_os_features" {
    for_each = ["UEFI_COMPATIBLE", "GVNIC", "VIRTIO_SCSI_MULTIQUEUE"]

    content {
      type = guest_os_features.value
    }
  }
}

resource "google_compute_firewall" "flows" {
  name          = "${var.name}-flows"
  network       = var.network
  source_ranges = var.exporters
  target_tags   = [var.name]

  allow {
    protocol = "udp"
    ports    = ["2055"]
  }
}

resource "google_compute_firewall" "ssh" {
  name          = "${var.name}-ssh"
  network       = var.network
  source_ranges = var.administrators
  target_tags   = [var.name]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

resource "google_compute_instance" "flow" {
  name         = var.name
  machine_type = var.machine_type
  tags         = [var.name]

  boot_disk {
    initialize_params {
      image = google_compute_image.appliance.id
      size  = var.disk_gib
      type  = "pd-balanced"
    }
  }

  network_interface {
    network = var.network

    access_config {}
  }

  # Keys of users, and OS Login, are for Google's agent, which the appliance does not have.
  metadata = {
    "user-data" = "#cloud-config\n${yamlencode({ ssh_authorized_keys = [trimspace(var.public_key)] })}"
  }

  shielded_instance_config {
    enable_secure_boot = true
  }
}

provider "flowstack" {
  hosts = {
    flow = {
      address     = google_compute_instance.flow.network_interface[0].access_config[0].nat_ip
      user        = "root"
      host_keys   = var.host_keys
      private_key = var.private_key
    }
  }
}

resource "flowstack_collector" "this" {
  settings = {
    "exporters.allow"         = join(",", var.exporters)
    "output.recent.enabled"   = "true"
    "output.recent.max_bytes" = "${floor(var.disk_gib / 5)}GiB"
  }
}
