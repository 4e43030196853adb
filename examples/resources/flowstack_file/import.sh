# HOST/PATH: the content comes along when everybody on the host may read the file
terraform import flowstack_file.motd flow1/etc/motd
