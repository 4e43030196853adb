# The appliance as an image (AMI) and an instance of EC2, and its collector's settings: two applies, because the host key is on the console after the first.

terraform {
  required_version = ">= 1.11"
  required_providers {
    flowstack = {
      source = "flowstack/flowstack"
    }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

# The region and who asks come from where the AWS command has them.
provider "aws" {}

resource "aws_s3_object" "disk" {
  bucket = var.bucket
  key    = "${var.name}.vmdk"
  source = var.image
}

# It is read by the service role "vmimport", which an account has once.
resource "aws_ebs_snapshot_import" "disk" {
  role_name = var.import_role

  disk_container {
    format = "VMDK"

    user_bucket {
      s3_bucket = aws_s3_object.disk.bucket
      s3_key    = aws_s3_object.disk.key
    }
  }
}

resource "aws_ami" "appliance" {
  name                = var.name
  architecture        = "x86_64"
  virtualization_type = "hvm"
  boot_mode           = "uefi-preferred"
  ena_support         = true
  imds_support        = "v2.0"
  root_device_name    = "/dev/xvda"

  ebs_block_device {
    device_name = "/dev/xvda"
    snapshot_id = aws_ebs_snapshot_import.disk.id
    volume_type = "gp3"
  }
}

resource "aws_key_pair" "flow" {
  key_name   = var.name
  public_key = trimspace(var.public_key)
}

data "aws_subnet" "flow" {
  id = var.subnet_id
}

resource "aws_security_group" "flow" {
  name        = var.name
  description = "Flows, and SSH"
  vpc_id      = data.aws_subnet.flow.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "flows" {
  for_each = var.exporters

  security_group_id = aws_security_group.flow.id
  cidr_ipv4         = each.value
  ip_protocol       = "udp"
  from_port         = 2055
  to_port           = 2055
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each = var.administrators

  security_group_id = aws_security_group.flow.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.flow.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_instance" "flow" {
  ami                    = aws_ami.appliance.id
  instance_type          = var.instance_type
  subnet_id              = var.subnet_id
  key_name               = aws_key_pair.flow.key_name
  vpc_security_group_ids = [aws_security_group.flow.id]

  root_block_device {
    volume_type = "gp3"
    volume_size = var.disk_gib
  }

  metadata_options {
    http_tokens = "required"
  }

  tags = {
    Name = var.name
  }
}

provider "flowstack" {
  hosts = {
    flow = {
      # The public one, where the subnet gives one.
      address     = coalesce(aws_instance.flow.public_ip, aws_instance.flow.private_ip)
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

output "instance_id" {
  description = "What aws ec2 get-console-output asks for."
  value       = aws_instance.flow.id
}
