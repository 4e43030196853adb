package collector

import "github.com/flowstack/terraform-provider-flowstack/provider/secret"

func init() { secret.Iterations = secret.StandardIterations / 1000 }

// SetPackages replaces the packages that were built into the provider, and returns a function that puts them back.
func SetPackages(version string, debs map[string][]byte, err error) (restore func()) {
	before := packages
	packages = func() (string, map[string][]byte, error) { return version, debs, err }
	return func() { packages = before }
}
