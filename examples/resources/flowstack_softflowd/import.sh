# HOST: which instances are to be managed, the configuration says
terraform import flowstack_softflowd.router flow1
