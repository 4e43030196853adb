# HOST/NAME: what /etc/sysctl.d/60-flowstack.conf on host flow1 says
terraform import flowstack_sysctl.flow1 flow1/flowstack
