package providertest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// drift checks that a plan shows one fact to go from a value to another.
type drift struct{ address, fact, from, to string }

// Drifts expects a plan to show a fact go from a value to another; empty: the fact is not there.
func Drifts(address, fact, from, to string) plancheck.PlanCheck {
	return drift{address, fact, from, to}
}

// CheckPlan implements plancheck.PlanCheck.
func (d drift) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		if change.Address != d.address {
			continue
		}
		from, to := fact(change.Change.Before, d.fact), fact(change.Change.After, d.fact)
		if from != d.from || to != d.to {
			resp.Error = fmt.Errorf("%s: the plan shows %q → %q, not %q → %q", d.fact, from, to, d.from, d.to)
		}
		return
	}
	resp.Error = fmt.Errorf("the plan has nothing about %s", d.address)
}

// Update expects a plan to update a resource, and to show facts go from a value to another: fact, from, to.
func Update(address string, facts ...[3]string) resource.ConfigPlanChecks {
	checks := Action(address, plancheck.ResourceActionUpdate)
	for _, f := range facts {
		checks = append(checks, Drifts(address, f[0], f[1], f[2]))
	}
	return resource.ConfigPlanChecks{PreApply: checks}
}

// Action expects a plan to do one thing with a resource.
func Action(address string, action plancheck.ResourceActionType) []plancheck.PlanCheck {
	return []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}
}

// Fact expects a state to have a fact.
func Fact(address, fact, value string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New("effective").AtMapKey(fact), knownvalue.StringExact(value))
}

func fact(state any, name string) string {
	attributes, _ := state.(map[string]any)
	effective, _ := attributes["effective"].(map[string]any)
	value, _ := effective[name].(string)
	return value
}

// Nowhere expects a secret neither in a plan nor, with Check, in the state.
type Nowhere string

// CheckPlan implements plancheck.PlanCheck.
func (n Nowhere) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		if text := fmt.Sprintf("%#v %#v", change.Change.Before, change.Change.After); strings.Contains(text, string(n)) {
			resp.Error = fmt.Errorf("the secret is in the plan of %s: %s", change.Address, text)
		}
	}
}

// Check is a resource.TestCheckFunc.
func (n Nowhere) Check(state *terraform.State) error {
	if strings.Contains(state.String(), string(n)) {
		return fmt.Errorf("the secret is in the state: %s", state)
	}
	return nil
}

// Never is a check that a request (METHOD PATH) was not made since the last look.
func (e *Elasticsearch) Never(request string) func(*terraform.State) error {
	return func(*terraform.State) error {
		if got := e.Requests(); slices.Contains(got, request) {
			return fmt.Errorf("superfluous request %s among %q", request, got)
		}
		return nil
	}
}
