import {
  to = flowstack_service_limits.elasticsearch
  identity = {
    host = "flow1"
    unit = "elasticsearch.service"
  }
}
