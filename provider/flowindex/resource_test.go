package flowindex_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/flowindex"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const address = flowindex.ResourceType + ".test"

func config(h *providertest.Host, e *providertest.Elasticsearch, body string) string {
	return e.Provider(h) + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", flowindex.ResourceType, body)
}

func action(action plancheck.ResourceActionType, checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: append(checks, plancheck.ExpectResourceAction(address, action))}
}

const (
	get = "GET /_index_template/flows"
	put = "PUT /_index_template/flows"
)

func TestFlowIndexLife(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config: config(h, e, ""),
				ConfigPlanChecks: action(plancheck.ResourceActionCreate,
					plancheck.ExpectKnownValue(address, tfjsonpath.New("effective").AtMapKey("field source.ip"), knownvalue.StringExact("ip"))),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(address, tfjsonpath.New("name"), knownvalue.StringExact("flows")),
					statecheck.ExpectIdentity(address, map[string]knownvalue.Check{"name": knownvalue.StringExact("flows")}),
					providertest.Fact(address, "field source.ip", "ip"),
					providertest.Fact(address, "field network.bytes: index", "false"),
					providertest.Fact(address, "setting index.codec", "best_compression"),
					providertest.Fact(address, "setting index.sort.order", "asc"),
					providertest.Fact(address, "mapping dynamic", "false"),
					providertest.Fact(address, "index patterns", "flows, flows-*"),
					providertest.Fact(address, "priority", "205"),
				},
				// create: is it there, put, read back; then the plans of the test
				Check: func(*terraform.State) error {
					if got := e.Requests(); len(got) < 3 || got[0] != get || got[1] != put || got[2] != get {
						return fmt.Errorf("Elasticsearch was asked %q", got)
					}
					return nil
				},
			},
			{
				Config:           config(h, e, ""),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				Check:            e.Never(put),
			},
			{ // changed by hand
				PreConfig: func() {
					template := e.Template("flows")
					inner := template["template"].(map[string]any)                                                              //nolint:forcetypeassert // a test
					inner["settings"] = map[string]any{"index.codec": "default", "number_of_shards": "3"}                       // other spellings, too
					inner["mappings"].(map[string]any)["properties"].(map[string]any)["extra"] = map[string]any{"type": "long"} //nolint:forcetypeassert // as above
					e.SetTemplate("flows", template)
				},
				Config: config(h, e, ""),
				ConfigPlanChecks: action(plancheck.ResourceActionUpdate,
					providertest.Drifts(address, "setting index.codec", "default", "best_compression"),
					providertest.Drifts(address, "setting index.number_of_shards", "3", "1"),
					providertest.Drifts(address, "field extra", "long", "")),
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, "setting index.codec", "best_compression")},
			},
			{ // removed by hand
				PreConfig:        func() { e.SetTemplate("flows", nil) },
				Config:           config(h, e, ""),
				ConfigPlanChecks: action(plancheck.ResourceActionCreate),
			},
			{ResourceName: address, ImportState: true, ImportStateId: "flows", ImportStateVerify: true},
			{ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
			{
				Config:           config(h, e, `name = "lab"`),
				ConfigPlanChecks: action(plancheck.ResourceActionReplace),
				Check: func(*terraform.State) error {
					if e.Template("flows") != nil || e.Template("lab") == nil {
						return errors.New("the template was not replaced")
					}
					return nil
				},
			},
		},
		CheckDestroy: func(*terraform.State) error {
			if e.Template("lab") != nil {
				return errors.New("the template is still there")
			}
			return nil
		},
	})
}

func TestFlowIndexAdoptsOnlyItsOwn(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	foreign := map[string]any{"index_patterns": []any{"flows"}}
	e.SetTemplate("flows", foreign)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:      config(h, e, ""),
				ExpectError: regexp.MustCompile(`(?s)Unable to create flow index flows.*that\s+flowstack\s+did\s+not\s+make`),
			},
			{
				PreConfig: func() {
					foreign["_meta"] = map[string]any{"managed_by": "flowstack"}
					e.SetTemplate("flows", foreign)
				},
				Config:            config(h, e, ""),
				ConfigStateChecks: []statecheck.StateCheck{providertest.Fact(address, "priority", "205")},
			},
		},
	})
}

func TestFlowIndexThatIsThereAlready(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	e.SetTemplate("flows", schema.IndexTemplate("flows"))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{{
			Config:           config(h, e, ""),
			ConfigPlanChecks: action(plancheck.ResourceActionCreate),
			Check:            e.Never(put),
		}},
	})
}

func TestFlowIndexErrors(t *testing.T) {
	h, e := providertest.StartHost(t, nil), providertest.StartElasticsearch(t)
	fail := func(status int, body string) func() {
		return func() { e.Fail(&providertest.Failure{Status: status, Body: body}) }
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				PreConfig: func() { e.Password = "another" },
				Config: func() string {
					e.Password = "elastic-password-canary"
					return config(h, e, "")
				}(),
				ExpectError: regexp.MustCompile(`(?s)Unable to create flow index flows.*401 Unauthorized: security_exception: unable\s+to\s+authenticate`),
			},
			{
				PreConfig: func() { e.Password = "elastic-password-canary" },
				Config:    config(h, e, ""),
			},
			{ // it does not answer while planning: a warning, and the last known state
				PreConfig:        fail(http.StatusTooManyRequests, `{"error":{"type":"circuit_breaking_exception","reason":"Data too large"},"status":429}`),
				Config:           config(h, e, ""),
				PlanOnly:         true,
				ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
			{ // it refuses: an error
				PreConfig:   fail(http.StatusForbidden, `{"error":{"type":"security_exception","reason":"action is unauthorized"},"status":403}`),
				Config:      config(h, e, ""),
				PlanOnly:    true,
				ExpectError: regexp.MustCompile(`(?s)Unable to read flow index flows.*403 Forbidden: security_exception.*manage_index_templates`),
			},
			{
				PreConfig: func() { e.Fail(nil) },
				Config:    config(h, e, ""),
			},
			{ // another certificate authority
				Config:      config(h, &providertest.Elasticsearch{Server: e.Server, Password: e.Password, CA: otherCA(t)}, "name = \"lab\""),
				ExpectError: regexp.MustCompile(`(?s)certificate\s+signed\s+by\s+unknown\s+authority`),
			},
			{
				Config:      config(h, e, `name = "Flows*"`),
				ExpectError: regexp.MustCompile(`Unable to use the name of the flow index`),
			},
			{
				Config:      h.Provider() + "resource \"flowstack_flow_index\" \"test\" {}",
				ExpectError: regexp.MustCompile(`add elasticsearch = \{`),
			},
			{Config: config(h, e, "")},
		},
	})
}
