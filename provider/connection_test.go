package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const resources = `
resource "flowstack_sysctl" "one" {
  name     = "one"
  settings = { "vm.swappiness" = "1" }
}
resource "flowstack_sysctl" "two" {
  name     = "two"
  settings = { "vm.overcommit_memory" = "1" }
}
resource "flowstack_flow_index" "flows" {}
`

func start(t *testing.T) (*providertest.Host, *providertest.Elasticsearch) {
	t.Helper()
	h := providertest.StartHost(t, map[string]string{"vm.swappiness": "60", "vm.overcommit_memory": "0"})
	return h, providertest.StartElasticsearch(t)
}

// expect compares an outcome: how many resources change, and a part of each warning and each error.
func expect(t *testing.T, what string, got providertest.Outcome, changes int, warnings, errs []string) {
	t.Helper()
	if got.Changes != changes {
		t.Errorf("%s: %d changes, want %d", what, got.Changes, changes)
	}
	for kind, both := range map[string][2][]string{"warnings": {got.Warnings, warnings}, "errors": {got.Errors, errs}} {
		if len(both[0]) != len(both[1]) {
			t.Errorf("%s: %d %s, want %d:\n%s", what, len(both[0]), kind, len(both[1]), strings.Join(both[0], "\n\n"))
			continue
		}
		for i, part := range both[1] {
			if !strings.Contains(both[0][i], part) {
				t.Errorf("%s: among the %s is\n%s\nwithout\n%s", what, kind, both[0][i], part)
			}
		}
	}
}

func TestOneConnectionForAPlanAndAnApply(t *testing.T) {
	h, e := start(t)
	tofu := providertest.NewCLI(t)
	tofu.Write(e.Provider(h) + resources)
	expect(t, "apply", tofu.Apply(), 3+3, nil, nil) // planned, and done
	if n := h.Handshakes(); n != 1 {
		t.Errorf("%d connections were made for an apply of three resources, want 1", n)
	}
	expect(t, "plan", tofu.Plan(), 0, nil, nil)
	if n := h.Handshakes(); n != 2 {
		t.Errorf("%d connections were made for an apply and a plan, want 2", n)
	}
	expect(t, "destroy", tofu.Destroy(), 3+3, nil, nil)
	if got := h.Sysctl("vm.swappiness"); got != "60" {
		t.Errorf("vm.swappiness is %s after the destroy", got)
	}
	if e.Template("flows") != nil {
		t.Error("the index template is still there after the destroy")
	}
}

// TestReadsOfAHostGather: a second plan of many resources is one handshake and a few round trips, not one for each resource.
func TestReadsOfAHostGather(t *testing.T) {
	const n = 20
	sysctls := map[string]string{}
	var config strings.Builder
	for i := range n {
		key := fmt.Sprintf("kernel.test%d", i)
		sysctls[key] = "0"
		fmt.Fprintf(&config, "resource \"flowstack_sysctl\" \"r%d\" {\n  name = \"r%[1]d\"\n  settings = { %q = \"1\" }\n}\n", i, key)
	}
	h := providertest.StartHost(t, sysctls)
	tofu := providertest.NewCLI(t)
	tofu.Env = []string{fmt.Sprintf("TF_CLI_ARGS_plan=-parallelism=%d", n)}
	tofu.Write(h.Provider() + config.String())
	expect(t, "apply", tofu.Apply(), n+n, nil, nil)

	// While the first probe is under way the others gather.
	h.SetDelay(2 * time.Second)
	handshakes, sessions := h.Handshakes(), h.Sessions()
	expect(t, "plan", tofu.Plan(), 0, nil, nil)
	if handshakes, sessions := h.Handshakes()-handshakes, h.Sessions()-sessions; handshakes != 1 || sessions > 3 {
		t.Errorf("a second plan of %d resources made %d connections and %d round trips", n, handshakes, sessions)
	}
}

// later makes an expression unknown until the apply whenever the token changes.
func later(token, expression string) string {
	return fmt.Sprintf(`
resource "terraform_data" "later" {
  triggers_replace = %q
  input            = %s
}
`, token, expression)
}

func TestUnknownConnection(t *testing.T) {
	h, e := start(t)
	block := func(hosts, elasticsearch string) string {
		return providertest.Preamble + "provider \"flowstack\" {\n  hosts = " + hosts + "\n  elasticsearch = " + elasticsearch + "\n}\n" + resources
	}
	host := h.Config()
	for name, c := range map[string]struct{ value, hosts, elasticsearch string }{
		"all hosts":     {"{ flow1 = " + host + " }", "terraform_data.later.output", e.Config()},
		"one host":      {host, "{ flow1 = terraform_data.later.output }", e.Config()},
		"one attribute": {`"` + h.Host + `"`, "{ flow1 = merge(" + host + ", { address = terraform_data.later.output }) }", e.Config()},
	} {
		t.Run(name, func(t *testing.T) {
			handshakes := h.Handshakes()
			tofu := providertest.NewCLI(t)
			tofu.Write(block(c.hosts, c.elasticsearch) + later("1", c.value))
			expect(t, "first plan", tofu.Plan(), 4, nil, nil)
			if n := h.Handshakes() - handshakes; n != 0 {
				t.Errorf("%d connections were made to a host that is not known", n)
			}
			expect(t, "apply", tofu.Apply(), 4+4, nil, nil)
			expect(t, "second plan", tofu.Plan(), 0, nil, nil)

			// The host is about to be replaced: what exists is kept, with one warning.
			tofu.Write(block(c.hosts, c.elasticsearch) + later("2", c.value))
			handshakes = h.Handshakes()
			expect(t, "plan with a host that is not known", tofu.Plan(), 2, []string{" yet\nHow to reach it is known only during the apply."}, nil)
			if n := h.Handshakes() - handshakes; n != 0 {
				t.Errorf("%d connections were made to a host that is not known", n)
			}
			if outcome := tofu.Apply(); len(outcome.Errors) > 0 {
				t.Error(outcome.Errors)
			}
			expect(t, "plan after", tofu.Plan(), 0, nil, nil)
			if outcome := tofu.Destroy(); len(outcome.Errors) > 0 {
				t.Error(outcome.Errors)
			}
		})
	}
	t.Run("Elasticsearch", func(t *testing.T) {
		tofu := providertest.NewCLI(t)
		config := block("{ flow1 = "+host+" }", "merge("+e.Config()+", { endpoint = terraform_data.later.output })")
		tofu.Write(config + later("1", `"`+e.URL+`"`))
		expect(t, "apply", tofu.Apply(), 4+4, nil, nil)
		tofu.Write(config + later("2", `"`+e.URL+`"`))
		expect(t, "plan", tofu.Plan(), 2, []string{"Unable to read from Elasticsearch yet"}, nil)
		if outcome := tofu.Destroy(); len(outcome.Errors) > 0 {
			t.Error(outcome.Errors)
		}
	})
}

func TestUnreachable(t *testing.T) {
	h, e := start(t)
	tofu := providertest.NewCLI(t)
	tofu.Write(e.Provider(h) + resources)
	expect(t, "apply", tofu.Apply(), 6, nil, nil)

	e.Close()
	expect(t, "plan without Elasticsearch", tofu.Plan(), 0, []string{"Unable to read from Elasticsearch"}, nil)
	h.Stop()
	expect(t, "plan without the host", tofu.Plan(), 0, []string{"Unable to read from host flow1"}, nil)

	tofu.Write(e.Provider(h) + strings.Replace(resources, `= "1"`, `= "2"`, 1))
	got := tofu.Apply()
	expect(t, "apply without the host", got, 1, got.Warnings, []string{"Unable to update the kernel parameters of host flow1\nHost flow1: unable to connect"})
}

func TestNewHostThatIsNotReachable(t *testing.T) {
	h, e := start(t)
	h.Stop()
	tofu := providertest.NewCLI(t)
	tofu.Write(e.Provider(h) + resources)
	expect(t, "plan", tofu.Plan(), 3, []string{"Unable to read from host flow1"}, nil)
}

func TestWrongHostKey(t *testing.T) {
	h, _ := start(t)
	const stranger = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMvqnzYY+DQvvv0cQ4nBuiZv6x5qZPBrX1eTfAxfbTYE"
	config := func(host string) string {
		return providertest.Preamble + "provider \"flowstack\" {\n  hosts = { flow1 = " + host + " }\n}\n" +
			"resource \"flowstack_sysctl\" \"one\" {\n  settings = { \"vm.swappiness\" = \"1\" }\n}\n"
	}
	tofu := providertest.NewCLI(t)
	paste := fmt.Sprintf("host_keys = [%q]", h.HostKey)
	refused := func(what, host string) {
		t.Helper()
		tofu.Write(config(host))
		expect(t, what, tofu.Plan(), 0, nil, []string{paste})
	}
	refused("a new host with another key", h.ConfigWithKey(stranger))
	refused("a new host without a key", strings.Replace(h.Config(), "host_keys ", "# ", 1))
	tofu.Write(config(h.Config()))
	expect(t, "apply", tofu.Apply(), 2, nil, nil)
	before := h.Sessions()
	refused("a host whose key changed", h.ConfigWithKey(stranger))
	if n := h.Sessions() - before; n != 0 {
		t.Errorf("%d commands were run on a host that was not trusted", n)
	}
}

func TestMistakesInTheProviderBlock(t *testing.T) {
	h, e := start(t)
	key := "private_key = <<-EOT\n" + h.PrivateKey + "EOT\n"
	for name, c := range map[string]struct{ block, want string }{
		"a host key":         {"hosts = { a = { address = \"x\", host_keys = [\"ssh-rsa\"]\n" + key + "} }", `"ssh-rsa" is not a key`},
		"of a bastion":       {"hosts = { a = { address = \"x\"\n" + key + "bastions = [{ address = \"y\" }] } }", "Give a private key, a password, or use the agent"},
		"no address":         {"hosts = { a = { user = \"x\" } }", "Must not be empty"},
		"no endpoint":        {"hosts = { a = " + h.Config() + " }\n elasticsearch = {}", "Must be a URL"},
		"no credentials":     {"hosts = { a = { address = \"x\" } }", "Unable to use host a"},
		"a port":             {"hosts = { a = { address = \"x\", port = 0 } }", "must be between 1 and 65535"},
		"a duration":         {"hosts = { a = { address = \"x\", connect_timeout = \"soon\" } }", `"soon" is not a duration`},
		"a URL":              {"hosts = { a = " + h.Config() + " }\n elasticsearch = { endpoint = \"localhost:9200\" }", "Must be a URL"},
		"a certificate":      {"hosts = { a = " + h.Config() + " }\n elasticsearch = { endpoint = \"https://x\", ca_certificate = \"y\" }", "no PEM certificate"},
		"which host":         {"hosts = { a = " + h.Config() + ", b = " + h.Config() + " }\n elasticsearch = " + e.Config(), "several hosts (a, b)"},
		"a host that is not": {"hosts = { a = " + h.Config() + " }\n elasticsearch = { host = \"b\", endpoint = \"https://x\" }", `no entry "b" (there is a)`},
		"no hosts":           {"", "The provider has no hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			tofu := providertest.NewCLI(t)
			tofu.Write(providertest.Preamble + "provider \"flowstack\" {\n" + c.block + "\n}\nresource \"flowstack_sysctl\" \"one\" {\n  settings = { \"vm.swappiness\" = \"1\" }\n}\n")
			expect(t, "plan", tofu.Plan(), 0, nil, []string{c.want})
		})
	}
	if n := h.Handshakes(); n != 0 {
		t.Errorf("%d connections were made to find mistakes", n)
	}
}

func TestRenamedHost(t *testing.T) {
	h, e := start(t)
	tofu := providertest.NewCLI(t)
	tofu.Write(e.Provider(h) + resources)
	expect(t, "apply", tofu.Apply(), 6, nil, nil)
	tofu.Write(strings.Replace(e.Provider(h), "flow1 =", "flow9 =", 1) + resources)
	got := tofu.Plan()
	if len(got.Errors) > 0 || got.Changes != 4 {
		t.Errorf("a plan on another host replaces the two resources that were on the old one, got %+v", got)
	}
	got = tofu.Apply()
	if len(got.Errors) == 0 || !strings.Contains(got.Errors[0], `no entry "flow1"`) {
		t.Errorf("the old host cannot be cleaned up without its entry, got %+v", got)
	}
}

// TestExamples plans every example: the provider's alone, each resource's with the provider's, and the complete one.
func TestExamples(t *testing.T) {
	root := filepath.Join(providertest.Root(t), "examples")
	block, err := os.ReadFile(filepath.Join(root, "provider", "provider.tf"))
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob(filepath.Join(root, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	planned := 0
	for _, folder := range append(folders, filepath.Join(root, "provider"), filepath.Join(root, "complete")) {
		files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 || filepath.Base(filepath.Dir(folder)) == "actions" { // see TestExamplesOfActions
			continue
		}
		planned++
		t.Run(strings.TrimPrefix(folder, root+"/"), func(t *testing.T) {
			h, e := start(t)
			tofu := providertest.NewCLI(t)
			tofu.Env = []string{
				"TF_VAR_ssh_private_key=" + h.PrivateKey, "TF_VAR_elastic_password=" + e.Password, "TF_VAR_collector_password=x", "TF_VAR_token=x",
				"TF_VAR_networks=" + files[0], "TF_VAR_maxmind_license_key=x",
				"TF_VAR_address=" + h.Host, fmt.Sprintf("TF_VAR_port=%d", h.Port), fmt.Sprintf("TF_VAR_host_keys=[%q]", h.HostKey),
				"TF_VAR_private_key=" + h.PrivateKey, "TF_VAR_elasticsearch_password=" + e.Password,
				"TF_VAR_elasticsearch_endpoint=" + e.URL, "TF_VAR_elasticsearch_ca_certificate=" + e.CA,
			}
			for _, file := range files {
				if filepath.Base(file) == "import-by-identity.tf" {
					continue // would read the host; the resources' tests import by identity
				}
				copyFile(t, file, tofu.Dir)
			}
			if filepath.Base(folder) != "complete" && filepath.Base(folder) != "provider" {
				// The hosts of the example are documentation addresses: here they are the fake one.
				text := strings.ReplaceAll(string(block), `"192.0.2.10"`, `"`+h.Host+"\"\n      connect_timeout = \"1s\"\n      port = "+strconv.Itoa(h.Port))
				text = strings.Replace(text, "AAAAC3NzaC1lZDI1NTE5AAAAIMvqnzYY+DQvvv0cQ4nBuiZv6x5qZPBrX1eTfAxfbTYE", strings.TrimPrefix(h.HostKey, "ssh-ed25519 "), 1)
				tofu.Write(text)
			}
			got := tofu.Plan()
			if len(got.Errors) > 0 || len(got.Warnings) > 0 {
				t.Errorf("%+v", got)
			}
			if strings.Contains(folder, "resources") && got.Changes == 0 {
				t.Error("the plan has no change: nothing was planned")
			}
		})
	}
	if planned < 6 {
		t.Errorf("only %d examples were found", planned)
	}
}

var (
	actionBlock     = regexp.MustCompile(`(?s)action "(\w+)" "\w+" \{\n  config \{\n(.*?)\n  \}\n\}`)
	actionAttribute = regexp.MustCompile(`^ +(\w+) += (?:"([^"]*)"|(\d+))$`)
)

// TestExamplesOfActions plans them by the provider protocol: OpenTofu has no actions.
func TestExamplesOfActions(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(providertest.Root(t), "examples", "actions", "*", "*.tf"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%q, %v", files, err)
	}
	h, _ := start(t)
	hosts := map[string]map[string]tftypes.Value{"flow1": providertest.HostEntry(h.Host, h.Port, h.HostKey, h.PrivateKey)}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		block := actionBlock.FindStringSubmatch(string(text))
		if block == nil || block[1] != filepath.Base(filepath.Dir(file)) {
			t.Errorf("%s has no action of its folder's name", file)
			continue
		}
		config := map[string]tftypes.Value{}
		for line := range strings.SplitSeq(block[2], "\n") {
			attribute := actionAttribute.FindStringSubmatch(line)
			switch {
			case attribute == nil:
				t.Errorf("%s: the test cannot read %q", file, line)
			case attribute[3] != "":
				number, err := strconv.Atoi(attribute[3])
				if err != nil {
					t.Fatal(err)
				}
				config[attribute[1]] = tftypes.NewValue(tftypes.Number, number)
			default:
				config[attribute[1]] = tftypes.NewValue(tftypes.String, attribute[2])
			}
		}
		if said := providertest.PlanAction(t.Context(), t, hosts, block[1], config); len(said) > 0 {
			t.Errorf("%s: %q", file, said)
		}
	}
}

func copyFile(t *testing.T, file, dir string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), content, 0o600); err != nil {
		t.Fatal(err)
	}
}
