# HOST/UNIT/NAME. The content comes from the configuration.
terraform import flowstack_systemd_dropin.kibana flow1/kibana.service/50-memory
