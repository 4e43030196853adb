import {
  to = flowstack_apt_repository.packages
  identity = {
    host = "flow1"
    name = "packages"
  }
}
