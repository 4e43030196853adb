import {
  to = flowstack_package.elasticsearch
  identity = {
    host = "flow1"
    name = "elasticsearch"
  }
}
