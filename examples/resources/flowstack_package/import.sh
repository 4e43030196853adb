# HOST/NAME: the package as it is installed, at its version
terraform import flowstack_package.elasticsearch flow1/elasticsearch
