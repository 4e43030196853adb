# HOST/PATH of the private key, with the request beside it as PATH with .csr instead of .key
terraform import flowstack_certificate_request.web flow1/etc/ssl/private/web.key
