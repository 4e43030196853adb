# The id of the space.
terraform import flowstack_kibana_space.flows flows
