# A signed repository, with a mirror, through a proxy. The key may also be a file: file("${path.module}/packages.asc").
resource "flowstack_apt_repository" "packages" {
  host       = "flow1"
  name       = "packages"
  uris       = ["https://packages.example.net/debian", "https://mirror.example.net/debian"]
  suites     = ["stable"]
  components = ["main"]
  proxy      = "http://proxy.example.net:3128"

  key_fingerprints = ["DDCD CB12 4174 B6C0 F991 E6EE B1C3 15BF 0846 D8A5"]
  key              = <<-EOT
    -----BEGIN PGP PUBLIC KEY BLOCK-----

    xsBNBGsIo2MBCACu6ltjlsk1eL+hK0KRsJEvtracizCVXEm0QKZ6tvlUeESkr8yU
    44w+s6262aE1R9ttE5uHrzW5lwAAeTWnSdnMNS/p4hdgxSq+cRrBK/CeaAq6sFMT
    MCOxY/v0wt7uQTyvR/VP1U/rv6LZdyk+BkcKciTVk8h40Iaw//F+6v6cBbxZhXSi
    AcDYcxjBerg3DnICazHncAkWI3yfvHh+T2sQiMHsTuM0WP5YYjnhUfjOm3Z3lurO
    wZ6VqXBFEee/fvAjGrPqJk3WewCaWjeY0njtAmWP/u/CDC9d0xfzHy1LWLYZc509
    hC2z2lFVmVCqcSkarEBpYTngr8iLLx0og7SzABEBAAHNMVBhY2thZ2VzIGZvciBk
    b2N1bWVudGF0aW9uIDxwYWNrYWdlc0BleGFtcGxlLm5ldD7CwLsEEwEIAG8FgmsI
    o2MCCwcJELHDFb8IRtilNRQAAAAAABwAEHNhbHRAbm90YXRpb25zLm9wZW5wZ3Bq
    cy5vcmenHNL+tSVVh0bKoNLxPLTTAhUIAhYAAhkBApsDAh4BFiEE3c3LEkF0tsD5
    kebuscMVvwhG2KUAANuYB/9lqGm1/emSF8j07qvZadxoMnThOo9F8H0Rz2P/nUA6
    bXaJW2md13OvlJc+8tToHHJk9uRoJtl3U73GEVAgx4ySL805IDmzRQTb90rqDLM6
    Gx4YlI42eASZf9T+InYnmXNR+MzhbKR9pJu1/cCx0ormFaBt5383eggodmZQ4SEo
    s3tIxMOoRdsczI7HS/loVk8MJ+z5LED6PzWfRj3dozGEa9bqZnvCNmvUYYV6NJKx
    hJYgxtwIKtLs96tI1iA1x7iYyXNi70/742KEM0MYtWvSAD0ynV6RQQuOZaMTUJz6
    YjJIcRm8zO6dml5sZfnobi/HacZ9SqufE0oha2uJzc6R
    =2WTy
    -----END PGP PUBLIC KEY BLOCK-----
  EOT
}

# A folder of the host, for one without a network: it has .deb files and, in the file Packages, their index.
resource "flowstack_apt_repository" "offline" {
  host    = "flow1"
  name    = "offline"
  uris    = ["file:/srv/packages"]
  suites  = ["./"]
  trusted = true
}
