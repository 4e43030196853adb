# The name of the host in the provider's hosts.
terraform import flowstack_kibana.this flow1
