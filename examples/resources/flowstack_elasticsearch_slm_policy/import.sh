# NAME: of the policy
terraform import flowstack_elasticsearch_slm_policy.nightly nightly
