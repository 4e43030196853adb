resource "flowstack_kibana_space" "flows" {
  space_id          = "flows"
  name              = "Flows"
  color             = "#00bfb3"
  disabled_features = ["ml", "apm", "siem"]
}
