# HOST: what the table inet flowstack of host flow1 says
terraform import flowstack_firewall.flow1 flow1
