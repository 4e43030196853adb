import {
  to = flowstack_elasticsearch_snapshot_repository.backup
  identity = {
    name = "backup"
  }
}
