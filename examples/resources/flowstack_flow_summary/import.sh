# NAME: of the transform
terraform import flowstack_flow_summary.hourly summary-flows
