# A directory that all nodes share: it has to be below one of their path.repo
resource "flowstack_elasticsearch_snapshot_repository" "backup" {
  name = "backup"
  type = "fs"
  settings = {
    location                   = "/srv/snapshots/flows"
    compress                   = true
    max_snapshot_bytes_per_sec = "40mb"
  }
}

# Of the plugin repository-s3; its keys are in the keystore of every node
resource "flowstack_elasticsearch_snapshot_repository" "offsite" {
  name = "offsite"
  type = "s3"
  settings = {
    bucket    = "example-flows"
    base_path = "elasticsearch"
  }
}
