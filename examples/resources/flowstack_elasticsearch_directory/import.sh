# HOST: there is one on a host
terraform import flowstack_elasticsearch_directory.flow1 flow1
