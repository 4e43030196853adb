# HOST: there is one node on a host
terraform import flowstack_elasticsearch_node.flow1 flow1
