# HOST/NAME: /etc/systemd/system/flow-backup.timer on host flow1. The content comes from the configuration.
terraform import flowstack_systemd_unit.nightly flow1/flow-backup.timer
