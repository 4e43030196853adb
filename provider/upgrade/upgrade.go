// Package upgrade brings states that former versions of a resource's schema left into the shape of the present one.
package upgrade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Step changes the attributes of a state from one version of a schema to the next. They are as in JSON: texts, json.Number, bool, []any, map[string]any, and
// nil for null. It moves what was renamed and deletes what is gone; what is new may be left out.
type Step func(attributes map[string]any) error

// Version is the one of a schema that so many steps led to. The first schema has version 0.
func Version(steps []Step) int64 { return int64(len(steps)) }

// Upgraders are for resource.ResourceWithUpgradeState: from each former version, by all steps that came after it.
func Upgraders(steps []Step) map[int64]resource.StateUpgrader {
	upgraders := map[int64]resource.StateUpgrader{}
	for version := range steps {
		upgraders[int64(version)] = resource.StateUpgrader{
			StateUpgrader: func(ctx context.Context, req resource.UpgradeStateRequest, resp *resource.UpgradeStateResponse) {
				if err := walk(ctx, steps, version, req, resp); err != nil {
					resp.Diagnostics.AddError("Unable to upgrade the state of the resource",
						fmt.Sprintf("It is of version %d of the schema, and this is version %d: %v. This is a defect of the provider.", version, len(steps), err))
				}
			},
		}
	}
	return upgraders
}

// walk takes the steps from a version on.
func walk(ctx context.Context, steps []Step, from int, req resource.UpgradeStateRequest, resp *resource.UpgradeStateResponse) error {
	if req.RawState == nil || len(req.RawState.JSON) == 0 {
		return errors.New("it is not in JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(req.RawState.JSON))
	decoder.UseNumber() // no digit is lost
	attributes := map[string]any{}
	if err := decoder.Decode(&attributes); err != nil {
		return err
	}
	for i, step := range steps[from:] {
		if err := step(attributes); err != nil {
			return fmt.Errorf("the step to version %d: %w", from+i+1, err)
		}
	}
	text, err := json.Marshal(attributes)
	if err != nil {
		return err
	}
	// What no step dealt with is an error here: it would be lost.
	value, err := (&tfprotov6.RawState{JSON: text}).Unmarshal(resp.State.Schema.Type().TerraformType(ctx))
	if err != nil {
		return err
	}
	resp.State.Raw = value
	return nil
}
