import {
  to = flowstack_directory.exports
  identity = {
    host = "flow1"
    path = "/srv/flows"
  }
}
