data "flowstack_elasticsearch_deprecations" "this" {}

# What keeps the next major version from starting
output "critical" {
  value = [for d in data.flowstack_elasticsearch_deprecations.this.deprecations : "${d.message}: ${coalesce(d.details, d.kind)}" if d.level == "critical"]
}
