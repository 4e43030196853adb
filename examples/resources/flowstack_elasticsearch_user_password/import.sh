# USERNAME: of a built-in user
terraform import flowstack_elasticsearch_user_password.kibana kibana_system
