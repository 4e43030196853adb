# HOST: there is one collector on a host
terraform import flowstack_collector.flow1 flow1
