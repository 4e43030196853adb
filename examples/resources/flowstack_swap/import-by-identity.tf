import {
  to       = flowstack_swap.flow1
  identity = { host = "flow1" }
}
