// Package providertest is what the provider's tests share: the command line to run them with, a fake host behind a real SSH server, and a fake
// Elasticsearch.
package providertest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/flowstack/terraform-provider-flowstack/provider"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// Factories prepares the environment for plugin-testing with OpenTofu and returns the provider, whose connections end with the
// test.
func Factories(t *testing.T) map[string]func() (tfprotov6.ProviderServer, error) {
	t.Helper()
	t.Setenv("TF_ACC_TERRAFORM_PATH", Tofu(t))
	t.Setenv("TF_ACC_PROVIDER_HOST", "registry.opentofu.org")
	t.Setenv("TF_ACC_PROVIDER_NAMESPACE", "flowstack")
	t.Setenv("CHECKPOINT_DISABLE", "1")
	t.Setenv("TF_CLI_CONFIG_FILE", "")
	connections := new(connection.Pool)
	end := func() {
		if err := connections.Close(); err != nil {
			t.Log(err) // the fake host may have been stopped before
		}
	}
	t.Cleanup(func() { end() })
	return map[string]func() (tfprotov6.ProviderServer, error){
		// Each command line is a process of its own elsewhere: it begins without connections.
		"flowstack": func() (tfprotov6.ProviderServer, error) {
			end()
			connections = new(connection.Pool)
			return providerserver.NewProtocol6WithError(provider.New("test", connections)())()
		},
	}
}

// Tofu is the path of the command line that the tests are run with.
func Tofu(t *testing.T) string {
	t.Helper()
	path := os.Getenv("FLOWSTACK_TOFU")
	if path == "" {
		path = filepath.Join(Root(t), "bin", "tofu")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("there is no OpenTofu to test with (%v): run make test", err)
	}
	return path
}

// Root is the top of the repository.
func Root(t *testing.T) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("unable to find the repository")
	}
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Preamble is what every configuration begins with.
const Preamble = `
terraform {
  required_providers {
    flowstack = { source = "flowstack/flowstack" }
  }
}
`
