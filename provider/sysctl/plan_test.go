package sysctl_test

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// drift checks that a plan shows one fact to go from a value to another; empty: the fact is not there.
type drift struct{ address, fact, from, to string }

func drifts(address, fact, from, to string) plancheck.PlanCheck { return drift{address, fact, from, to} }

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

func fact(state any, name string) string {
	attributes, _ := state.(map[string]any)
	effective, _ := attributes["effective"].(map[string]any)
	value, _ := effective[name].(string)
	return value
}
