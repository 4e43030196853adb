# HOST/NAME: what /etc/apt/sources.list.d/packages.sources on host flow1 says
terraform import flowstack_apt_repository.packages flow1/packages
