# NAME: of the index template
terraform import flowstack_flow_index.flows flows
