import {
  to = flowstack_elasticsearch_user_password.kibana
  identity = {
    username = "kibana_system"
  }
}
