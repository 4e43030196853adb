package providertest

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// keepsIdentities tells whether the command line knows what an identity is: Terraform and OpenTofu do since 1.12.
func keepsIdentities(t *testing.T) bool {
	t.Helper()
	return CommandLineOf(t).Minor >= 12
}

// ExpectIdentity expects a resource to have this identity, where the command line keeps any.
func ExpectIdentity(t *testing.T, address string, want map[string]knownvalue.Check) statecheck.StateCheck {
	t.Helper()
	if !keepsIdentities(t) {
		return noCheck{}
	}
	return statecheck.ExpectIdentity(address, want)
}

// noCheck expects nothing of a state.
type noCheck struct{}

func (noCheck) CheckState(context.Context, statecheck.CheckStateRequest, *statecheck.CheckStateResponse) {
}

// ImportByIdentity is a step that imports a resource once more by its identity, where the command line knows any.
func ImportByIdentity(t *testing.T, address string) resource.TestStep {
	t.Helper()
	keeps := keepsIdentities(t)
	return resource.TestStep{
		ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity,
		SkipFunc: func() (bool, error) { return !keeps, nil },
	}
}
