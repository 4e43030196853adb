package collector_test

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// different expects the plan to say that the credential on the host is not the configured one.
type different struct{}

// CheckPlan implements plancheck.PlanCheck.
func (different) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	resp.Error = errors.New("the plan does not say that the credential was changed on the host")
	for _, change := range req.Plan.ResourceChanges {
		before, _ := change.Change.Before.(map[string]any)
		facts, _ := before["effective"].(map[string]any)
		if facts["file "+credential+": content"] == "different" {
			resp.Error = nil
		}
	}
}
