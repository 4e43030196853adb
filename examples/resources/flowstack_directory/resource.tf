# New files in it belong to the group.
resource "flowstack_directory" "exports" {
  host  = "flow1"
  path  = "/srv/flows"
  group = "adm"
  mode  = "2750"
}

resource "flowstack_file" "readme" {
  host    = "flow1"
  path    = "${flowstack_directory.exports.path}/README"
  content = "Flows are exported here.\n"
}
