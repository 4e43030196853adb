# For the block of another provider in the same run, which looks at flows
ephemeral "flowstack_elasticsearch_api_key" "reader" {
  name = "Terraform"
  indices = [{
    names      = ["flows", "flows-*"]
    privileges = ["read"]
  }]
}

locals {
  authorization = "ApiKey ${ephemeral.flowstack_elasticsearch_api_key.reader.encoded}"
}
