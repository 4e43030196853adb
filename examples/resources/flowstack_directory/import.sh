# HOST/PATH
terraform import flowstack_directory.exports flow1/srv/flows
