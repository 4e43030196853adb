# HOST/NAME
terraform import flowstack_systemd_service.elasticsearch flow1/elasticsearch.service
