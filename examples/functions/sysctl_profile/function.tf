output "collector" {
  value = provider::flowstack::sysctl_profile("collector")
}
