import {
  to = flowstack_elasticsearch_slm_policy.nightly
  identity = {
    name = "nightly"
  }
}
