# NAME: of the repository
terraform import flowstack_elasticsearch_snapshot_repository.backup backup
