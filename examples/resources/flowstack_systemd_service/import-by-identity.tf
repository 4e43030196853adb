import {
  to = flowstack_systemd_service.elasticsearch
  identity = {
    host = "flow1"
    name = "elasticsearch.service"
  }
}
