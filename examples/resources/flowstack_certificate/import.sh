# HOST/PATH of the certificate, with its key beside it as PATH with .key instead of .crt; or HOST for /etc/flowstack/tls/host.crt
terraform import flowstack_certificate.http flow1/etc/elasticsearch-certs/http.crt
