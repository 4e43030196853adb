// Package providertest is what the provider's tests share: the command line to run them with, a fake host behind a real SSH server, and a fake
// Elasticsearch.
package providertest

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/flowstack/terraform-provider-flowstack/acctest/commandline"
	"github.com/flowstack/terraform-provider-flowstack/provider"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// Factories prepares the environment for plugin-testing with the command line and returns the provider, whose connections end with the
// test.
func Factories(t *testing.T) map[string]func() (tfprotov6.ProviderServer, error) {
	t.Helper()
	program := findProgram(t)
	t.Setenv("TF_ACC_TERRAFORM_PATH", program.path)
	t.Setenv("TF_ACC_PROVIDER_HOST", program.registry)
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

// program is the command line that the tests are run with.
type program struct {
	path     string
	registry string // where it looks for providers that are called flowstack/flowstack
}

// openTofu is the registry that OpenTofu looks in.
const openTofu = "registry.opentofu.org"

// findProgram is the Terraform that FLOWSTACK_TERRAFORM names, or OpenTofu.
func findProgram(t *testing.T) program {
	t.Helper()
	found := program{os.Getenv("FLOWSTACK_TERRAFORM"), "registry.terraform.io"}
	if found.path == "" {
		found = program{os.Getenv("FLOWSTACK_TOFU"), openTofu}
	}
	if found.path == "" {
		found.path = filepath.Join(Root(t), "bin", "tofu")
	}
	if _, err := os.Stat(found.path); err != nil {
		t.Fatalf("there is no command line to test with (%v): run make test", err)
	}
	return found
}

// CommandLine is what tests of the provider are run with: an OpenTofu or a Terraform, and its minor version; the major one is 1.
type CommandLine struct {
	OpenTofu bool
	Minor    int
}

// CommandLineOf is the one of this run.
func CommandLineOf(t *testing.T) CommandLine {
	t.Helper()
	found := findProgram(t)
	_, minor := versionOf(t, found.path)
	return CommandLine{found.registry == openTofu, minor}
}

// NeedTerraform skips a test of what OpenTofu has not, unless there is a Terraform of at least this minor version of 1.
func NeedTerraform(t *testing.T, minor int) {
	t.Helper()
	path := os.Getenv("FLOWSTACK_TERRAFORM")
	if path == "" {
		t.Skip("OpenTofu has it not: set FLOWSTACK_TERRAFORM to a Terraform")
	}
	if version, has := versionOf(t, path); has < minor {
		t.Skipf("Terraform %s has it not", version)
	}
}

// versions are what programs have said already, by path: a versionSaid.
var versions sync.Map

type versionSaid struct {
	version string
	minor   int
}

// versionOf is the version of a Terraform or an OpenTofu 1. A program is asked once.
func versionOf(t *testing.T, path string) (version string, minor int) {
	t.Helper()
	if said, ok := versions.Load(path); ok {
		known := said.(versionSaid) //nolint:forcetypeassert // stored below
		return known.version, known.minor
	}
	version, major, minor, err := commandline.Version(t.Context(), path)
	if err != nil || major != 1 {
		t.Fatalf("%s %s: %v", path, version, err)
	}
	versions.Store(path, versionSaid{version, minor})
	return version, minor
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
