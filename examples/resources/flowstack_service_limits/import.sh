# HOST/UNIT
terraform import flowstack_service_limits.elasticsearch flow1/elasticsearch.service
