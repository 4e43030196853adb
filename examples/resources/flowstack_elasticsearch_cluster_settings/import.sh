# NAME: your own for these settings; all persistent settings of the cluster become its
terraform import flowstack_elasticsearch_cluster_settings.flows cluster
