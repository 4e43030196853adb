# NAME: of the role
terraform import flowstack_elasticsearch_role.flow_reader flow_reader
