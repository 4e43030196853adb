# USERNAME: of a native user
terraform import flowstack_elasticsearch_user.flowcollector flowcollector
