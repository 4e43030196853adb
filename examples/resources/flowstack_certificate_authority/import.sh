# HOST or HOST/NAME: the authority has to be in its default directory
terraform import flowstack_certificate_authority.this flow1
