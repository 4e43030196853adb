# What tests_override.tf takes from the tests.

variable "repository" {
  type = object({ uris = list(string), key = string, key_fingerprints = list(string) })
}
variable "settings" { type = map(string) }
