package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const pemText = "-----BEGIN CERTIFICATE-----\nAAECAwQFBgcICQoLDA0ODw==\n-----END CERTIFICATE-----\n"

// TestWhatMeansTheSameIsNoChange plans, for each attribute that may be written in several ways, another way to write what the state has: the plan keeps what the state has. What
// means something else is planned.
func TestWhatMeansTheSameIsNoChange(t *testing.T) {
	var (
		modes     = [3]string{"0640", "640", "0600"}
		times     = [3]string{"1440m", "1d", "2d"}
		ages      = [3]string{"24h", "1d", "2d"}
		sizes     = [3]string{"1024mb", "1gb", "2gb"}
		octets    = [3]string{"1024M", "1G", "2G"}
		documents = [3]string{`{"a":1,"b":2}`, `{ "b": 2, "a": 1 }`, `{"a":1}`}
		blocks    = [3]string{pemText, "some name\n" + strings.ReplaceAll(pemText, "\n", "\r\n"), pemText + pemText}
	)
	server, schemas, identities := offline(t)
	for at, ways := range map[string][3]string{
		"flowstack_file.mode": modes, "flowstack_directory.mode": modes, "flowstack_certificate.mode": modes, "flowstack_certificate.private_key_mode": modes,
		"flowstack_certificate_request.mode":  modes,
		"flowstack_service_limits.stable_for": times, "flowstack_systemd_unit.stable_for": times, "flowstack_systemd_dropin.stable_for": times, "flowstack_systemd_service.stable_for": times,
		"flowstack_softflowd.instances.one.active_timeout": times, "flowstack_softflowd.instances.one.inactive_timeout": times, "flowstack_geoip_database.max_age": times,
		"flowstack_flow_index.retention": ages, "flowstack_flow_index.rollover.max_age": ages, "flowstack_flow_index.warm.after": ages, "flowstack_flow_index.cold.after": ages,
		"flowstack_flow_index.frozen.after": ages, "flowstack_flow_summary.interval": ages, "flowstack_flow_summary.delay": ages, "flowstack_flow_summary.retention": ages,
		"flowstack_elasticsearch_slm_policy.retention.expire_after": ages, "flowstack_elasticsearch_api_key.expiration": ages, "flowstack_elasticsearch_api_key.renew_before": ages,
		"flowstack_flow_index.rollover.max_size": sizes, "flowstack_elasticsearch_node.heap_size": {"1024m", "1g", "2g"},
		"flowstack_service_limits.memlock": octets, "flowstack_service_limits.fsize": octets, "flowstack_service_limits.as": octets,
		"flowstack_kibana_object.attributes": documents, "flowstack_dashboards.source": documents,
		"flowstack_certificate_authority.own_certificate": blocks, "flowstack_certificate.certificate": blocks, "flowstack_certificate.certificates": blocks,
		"flowstack_collector.elasticsearch_ca_certificate": blocks,
	} {
		t.Run(at, func(t *testing.T) {
			path := strings.Split(at, ".")
			name, path := path[0], path[1:]
			former, err := recorded(name, schemas[name].Version)
			if err != nil {
				t.Fatal(err)
			}
			delete(former.State, "generations") // a plan looks into their certificates, which the recording has not
			for i, want := range []string{ways[0], ways[0], ways[2]} {
				planned := plan(t, server, name, schemas[name], identities[name], former, path, ways[0], ways[i])
				if got := textAt(t, planned, path); got != want {
					t.Errorf("from %q and %q becomes %q, want %q", ways[0], ways[i], got, want)
				}
			}
		})
	}
}

// plan is what is planned for a recorded state with a text at a path, and a configuration that differs in that text alone. Whether the resource has use for the rest of the recording
// does not matter.
func plan(
	t *testing.T, server tfprotov6.ProviderServer, name string, schema *tfprotov6.Schema, identity *tfprotov6.ResourceIdentitySchema, former recording, path []string, was, will string,
) tftypes.Value {
	t.Helper()
	kind := schema.ValueType()
	pack := func(of tftypes.Type, value any) *tfprotov6.DynamicValue {
		t.Helper()
		unpacked, err := raw(t, value).Unmarshal(of)
		succeed(t, err, nil)
		packed, err := tfprotov6.NewDynamicValue(of, unpacked)
		succeed(t, err, nil)
		return &packed
	}
	prior, proposed, config := with(t, former.State, path, was), with(t, former.State, path, will), with(t, former.State, path, will)
	for _, a := range schema.Block.Attributes {
		if a.Computed && !a.Optional {
			config[a.Name] = nil
		}
	}
	planned, err := server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: pack(kind, prior), ProposedNewState: pack(kind, proposed), Config: pack(kind, config),
		PriorIdentity: &tfprotov6.ResourceIdentityData{IdentityData: pack(identity.ValueType(), former.Identity)},
	})
	succeed(t, err, nil)
	value, err := planned.PlannedState.Unmarshal(kind)
	succeed(t, err, nil)
	return value
}

// with is a copy of a state with a text at a path.
func with(t *testing.T, state map[string]any, path []string, text string) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(raw(t, state).JSON, &all); err != nil {
		t.Fatal(err)
	}
	inner := all
	for _, name := range path[:len(path)-1] {
		next, ok := inner[name].(map[string]any)
		if !ok {
			t.Fatalf("there is no %s in the recording", name)
		}
		inner = next
	}
	inner[path[len(path)-1]] = text
	return all
}

func textAt(t *testing.T, value tftypes.Value, path []string) (text string) {
	t.Helper()
	for _, name := range path {
		var inside map[string]tftypes.Value
		if err := value.As(&inside); err != nil {
			t.Fatal(err)
		}
		value = inside[name]
	}
	if err := value.As(&text); err != nil {
		t.Fatal(slices.Concat([]string{value.String()}, path), err)
	}
	return text
}

// TestAnotherSpellingIsNoChange: a command line takes the plan for what it is, at any depth of a resource.
func TestAnotherSpellingIsNoChange(t *testing.T) {
	h, e := start(t)
	tofu := providertest.NewCLI(t)
	write := func(mode, age, size string) {
		tofu.Write(e.Provider(h) + fmt.Sprintf(`
resource "flowstack_directory" "this" {
  path = "/srv/flows"
  mode = %q
}
resource "flowstack_flow_index" "this" {
  retention = %q
  rollover  = { max_size = %q }
  warm      = { after = "12h" }
}
`, mode, age, size))
	}
	if err := os.MkdirAll(h.Path("/srv"), 0o755); err != nil {
		t.Fatal(err)
	}
	write("0750", "30d", "20gb")
	if said := tofu.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatalf("%q, %q", said.Errors, said.Warnings)
	}
	write("750", "720h", "20480mb")
	if said := tofu.Plan(); said.Changes != 0 || len(said.Errors)+len(said.Warnings) > 0 {
		t.Errorf("for another spelling the plan says %+v", said)
	}
	write("0700", "720h", "20480mb")
	if said := tofu.Plan(); said.Changes != 1 || len(said.Errors)+len(said.Warnings) > 0 {
		t.Errorf("for another mode the plan says %+v", said)
	}
}
