package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flowstack/terraform-provider-flowstack/acctest/kibanafake"
	"github.com/flowstack/terraform-provider-flowstack/appliance/geoip/geoiptest"
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
		"two proofs":         {"hosts = { a = " + h.Config() + " }\n elasticsearch = { username = \"x\", api_key = \"y\" }", "either an API key or a username"},
		"nobody's password":  {"hosts = { a = " + h.Config() + " }\n elasticsearch = { password = \"x\" }", "Give the username it belongs to"},
		"two authorities":    {"hosts = { a = " + h.Config() + " }\n elasticsearch = { ca_file = \"/x\", ca_certificate = \"y\" }", "either ca_certificate or the name of a file"},
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

// TestAuthorityFromTheHost: the provider block names neither the certificates nor anything of the host but an endpoint, and the file with the
// certificates is made in the same apply.
func TestAuthorityFromTheHost(t *testing.T) {
	h, e := start(t)
	block := func(more string) string {
		return providertest.Preamble + fmt.Sprintf("provider \"flowstack\" {\n  hosts = { flow1 = %s }\n  elasticsearch = {\n endpoint = %q\n username = \"elastic\"\n %s\n }\n}\n",
			h.Config(), e.URL, more)
	}
	index := "resource \"flowstack_flow_index\" \"flows\" {\n depends_on = [flowstack_file.ca]\n}\n"
	made := func(file string) string {
		return fmt.Sprintf("resource \"flowstack_file\" \"ca\" {\n path = %q\n content = %q\n mode = \"0640\"\n}\n", file, e.CA) + index
	}
	password := fmt.Sprintf("password = %q", e.Password)
	tofu := providertest.NewCLI(t)
	tofu.Write(block(password) + "resource \"flowstack_flow_index\" \"flows\" {}\n")
	expect(t, "apply without the file", tofu.Apply(), 1, nil, []string{"reading /etc/elasticsearch/certs/ca.crt exited with status 1"})
	for _, folder := range []string{"certs", "pki"} {
		if err := os.MkdirAll(h.Path("/etc/elasticsearch/"+folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tofu.Write(block(password) + made("/etc/elasticsearch/certs/ca.crt"))
	expect(t, "apply", tofu.Apply(), 2+2, nil, nil)
	expect(t, "plan", tofu.Plan(), 0, nil, nil)

	another := "\n ca_file = \"/etc/elasticsearch/pki/ca.crt\""
	tofu.Write(block(password+another) + made("/etc/elasticsearch/pki/ca.crt"))
	expect(t, "another file", tofu.Apply(), 2+2, []string{"certificate signed by unknown authority"}, nil)
	expect(t, "plan", tofu.Plan(), 0, nil, nil)

	e.Password = "the-next-password"
	tofu.Write(block(password+another) + made("/etc/elasticsearch/pki/ca.crt"))
	expect(t, "a password that is not in force any more", tofu.Plan(), 0, nil, []string{"401 Unauthorized"})
	tofu.Write(block(password+another+"\n previous_password = \"the-next-password\"") + made("/etc/elasticsearch/pki/ca.crt"))
	expect(t, "the other password", tofu.Plan(), 0, nil, nil)
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

// foreign are examples that need a provider of somebody else, too. See TestForeignExamples.
var foreign = map[string]string{
	"appliance-aws": "hashicorp/aws", "appliance-gcp": "hashicorp/google", "appliance-libvirt": "dmacvicar/libvirt", "appliance-proxmox": "bpg/proxmox",
	"appliance-vsphere": "vmware/vsphere",
}

var (
	declaredVariable = regexp.MustCompile(`(?s)variable "([a-z0-9_]+)" \{\n  description = "[A-Z][^\n]+\.[^\n]*"\n  type `)
	usedVariable     = regexp.MustCompile(`\bvar\.([a-z0-9_]+)`)
)

// TestForeignExamples: what can be said of them without the other provider. make lint looks at their format.
func TestForeignExamples(t *testing.T) {
	for name, other := range foreign {
		t.Run(name, func(t *testing.T) {
			text := map[string]string{}
			for _, file := range []string{"main.tf", "variables.tf", "README.md"} {
				content, err := os.ReadFile(filepath.Join(providertest.Root(t), "examples", name, file))
				if err != nil {
					t.Fatal(err)
				}
				text[file] = string(content)
			}
			if !strings.Contains(text["main.tf"], fmt.Sprintf("source  = %q", other)) {
				t.Errorf("it does not ask for the provider %s", other)
			}
			names := func(expression *regexp.Regexp, text string) []string {
				matches := expression.FindAllStringSubmatch(text, -1)
				found := make([]string, len(matches))
				for i, match := range matches {
					found[i] = match[1]
				}
				slices.Sort(found)
				return slices.Compact(found)
			}
			declared, used := names(declaredVariable, text["variables.tf"]), names(usedVariable, text["main.tf"])
			if len(used) == 0 || !slices.Equal(declared, used) || strings.Count(text["variables.tf"], "variable \"") != len(declared) {
				t.Errorf("variables that are declared and described: %q, and used: %q", declared, used)
			}
			for _, match := range regexp.MustCompile(`TF_VAR_([a-z0-9_]+)`).FindAllStringSubmatch(text["README.md"], -1) {
				if !slices.Contains(used, match[1]) {
					t.Errorf("the README sets %s, which is no variable", match[1])
				}
			}
			for _, block := range regexp.MustCompile(`(?m)^variable "([a-z0-9_]+)" \{\n(?:  .*\n)*\}`).FindAllStringSubmatch(text["variables.tf"], -1) {
				if !strings.Contains(block[0], "  default ") && !strings.Contains(text["README.md"], "TF_VAR_"+block[1]) {
					t.Errorf("the README does not say that %s has to be set", block[1])
				}
			}
		})
	}
}

// TestExamples plans every example and every module: the provider's alone, each resource's with the provider's, and those of whole hosts.
func TestExamples(t *testing.T) {
	repository := providertest.Root(t)
	root := filepath.Join(repository, "examples")
	block, err := os.ReadFile(filepath.Join(root, "provider", "provider.tf"))
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, pattern := range []string{"examples/*/*", "examples/*", "modules/*"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		folders = append(folders, found...)
	}
	database := filepath.Join(t.TempDir(), "asn.mmdb")
	if err := os.WriteFile(database, geoiptest.Database(t, geoiptest.ASN, time.Now(), nil), 0o600); err != nil {
		t.Fatal(err)
	}
	planned := 0
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 || filepath.Base(filepath.Dir(folder)) == "actions" { // see TestExamplesOfActions
			continue
		}
		planned++
		whole := filepath.Dir(filepath.Dir(folder)) != root // with a provider block of its own
		t.Run(strings.TrimPrefix(folder, repository+"/"), func(t *testing.T) {
			if other := foreign[filepath.Base(folder)]; other != "" {
				t.Skipf("it needs the provider %s, which only a registry has", other)
			}
			h, e := start(t)
			tofu := providertest.NewCLI(t)
			if whole { // where it finds ../../modules
				if err := os.CopyFS(filepath.Join(tofu.Dir, "modules"), os.DirFS(filepath.Join(repository, "modules"))); err != nil {
					t.Fatal(err)
				}
				tofu.Dir = filepath.Join(tofu.Dir, "examples", filepath.Base(folder))
				if err := os.MkdirAll(tofu.Dir, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			tofu.Env = []string{
				"TF_VAR_ssh_private_key=" + h.PrivateKey, "TF_VAR_elastic_password=" + e.Password, "TF_VAR_collector_password=secret", "TF_VAR_token=x", "TF_VAR_session_key=x",
				"TF_VAR_networks=" + files[0], "TF_VAR_maxmind_license_key=x", "TF_VAR_bootstrap_password=secret", "TF_VAR_kibana_password=secret",
				"TF_VAR_kibana_system_password=secret", "TF_VAR_elastic_bootstrap_password=secret",
				"TF_VAR_address=" + h.Host, fmt.Sprintf("TF_VAR_port=%d", h.Port), fmt.Sprintf("TF_VAR_host_keys=[%q]", h.HostKey),
				"TF_VAR_private_key=" + h.PrivateKey, "TF_VAR_elasticsearch_password=" + e.Password,
				"TF_VAR_elasticsearch_endpoint=" + e.URL, "TF_VAR_elasticsearch_ca_certificate=" + e.CA,
				"TF_VAR_collectors=" + hostsAs(h, "north", "south"), `TF_VAR_collector_passwords={"north": "secret", "south": "secret"}`,
				"TF_VAR_nodes=" + hostsAs(h, "es1", "es2", "es3"), fmt.Sprintf("TF_VAR_elasticsearch_endpoints=[%q]", e.URL),
				`TF_VAR_geoip={"city": {"edition_id": "GeoLite2-City", "account_id": "1", "max_age": "14d"}, "asn": {"source": "` + database + `"}}`,
				`TF_VAR_dns_names=["flows.example.net"]`, `TF_VAR_exporters=["192.0.2.0/24"]`, `TF_VAR_people=["198.51.100.0/24"]`,
			}
			for _, file := range files {
				if filepath.Base(file) == "import-by-identity.tf" {
					continue // would read the host; the resources' tests import by identity
				}
				copyFile(t, file, tofu.Dir)
			}
			if whole { // the module is told no more than it needs; the fake host has another port, and an address that no URL should have
				replaceIn(t, tofu.Dir, moduleCall, fmt.Sprintf("$0\n  port = %d\n  dns_names = [\"flows.example.net\"]", h.Port))
			}
			if !whole {
				// The hosts of the example are documentation addresses: here they are the fake one.
				text := strings.ReplaceAll(string(block), `"192.0.2.10"`, `"`+h.Host+"\"\n      connect_timeout = \"1s\"\n      port = "+strconv.Itoa(h.Port))
				text = strings.Replace(text, "AAAAC3NzaC1lZDI1NTE5AAAAIMvqnzYY+DQvvv0cQ4nBuiZv6x5qZPBrX1eTfAxfbTYE", strings.TrimPrefix(h.HostKey, "ssh-ed25519 "), 1)
				text = strings.Replace(text, `"https://127.0.0.1:9200"`, fmt.Sprintf("%q\n    ca_certificate = %q", e.URL, e.CA), 1)
				e.SetDeprecations(`{"cluster_settings":[],"node_settings":[],"ml_settings":[],"index_settings":{}}`)
				tofu.Write(text)
			}
			got := tofu.Plan()
			// A check that depends on what is still to be made is for the apply: OpenTofu says so by itself.
			warnings := slices.DeleteFunc(got.Warnings, func(text string) bool { return strings.HasPrefix(text, "Check block assertion known after apply") })
			if len(got.Errors) > 0 || len(warnings) > 0 {
				t.Errorf("%+v", got)
			}
			if (filepath.Base(filepath.Dir(folder)) == "resources" || whole && filepath.Base(folder) != "provider") && got.Changes == 0 {
				t.Error("the plan has no change: nothing was planned")
			}
		})
	}
	if planned < 6 {
		t.Errorf("only %d examples were found", planned)
	}
}

// hostsAs is a variable with several hosts, all of which are the fake one.
func hostsAs(h *providertest.Host, names ...string) string {
	hosts := map[string]any{}
	for i, name := range names {
		hosts[name] = map[string]any{"address": h.Host, "cluster_address": fmt.Sprintf("192.0.2.%d", i+1), "port": h.Port, "host_keys": []string{h.HostKey}}
	}
	text, err := json.Marshal(hosts)
	if err != nil {
		panic(err) // strings and numbers always have JSON
	}
	return string(text)
}

var moduleCall = regexp.MustCompile(`(?m)^  source = "\.\./\.\./modules/flow-stack"$`)

func replaceIn(t *testing.T, dir string, what *regexp.Regexp, by string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, what.ReplaceAll(content, []byte(by)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

var (
	actionBlock     = regexp.MustCompile(`(?s)action "(\w+)" "\w+" \{\n  config \{\n(.*?)\n  \}\n\}`)
	actionAttribute = regexp.MustCompile(`^ +(\w+) += (?:"([^"]*)"|(\d+))$`)
)

// TestExamplesOfActions plans them by the provider protocol: OpenTofu has no actions. TestTerraformActions does it with Terraform.
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

var (
	listBlock     = regexp.MustCompile(`(?s)list "(\w+)" "\w+" \{\n  provider = flowstack\n(?:  limit    = \d+\n)?(?:\n  config \{\n(.*?)\n  \}\n)?\}`)
	listAttribute = regexp.MustCompile(`^ +(\w+) += (?:"([^"]*)"|(true)|\["([^"]*)"\])$`)
)

// TestExamplesOfLists asks what they ask by the provider protocol: OpenTofu has no list blocks. TestTerraformQuery does it with Terraform.
func TestExamplesOfLists(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(providertest.Root(t), "examples", "list-resources", "*", "*.tfquery.hcl"))
	if err != nil || len(files) < 7 {
		t.Fatalf("%q, %v", files, err)
	}
	h, e := start(t)
	h.SetPackage("elasticsearch", "hold 7.17.28")
	k := providertest.StartKibana(t)
	k.SetSpace(kibanafake.Space{ID: "noc", Name: "Operations", DisabledFeatures: []string{}})
	block := providertest.Block{
		Hosts:         map[string]map[string]tftypes.Value{"flow1": providertest.HostEntry(h.Host, h.Port, h.HostKey, h.PrivateKey)},
		Elasticsearch: providertest.ServerEntry(e.URL, e.Password, e.CA), Kibana: providertest.ServerEntry(k.URL, k.Password, k.CA),
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := listBlock.FindStringSubmatch(string(text))
		if found == nil || found[1] != filepath.Base(filepath.Dir(file)) {
			t.Errorf("%s has no list of its folder's name", file)
			continue
		}
		config := map[string]tftypes.Value{}
		for line := range strings.Lines(found[2]) {
			attribute := listAttribute.FindStringSubmatch(strings.TrimRight(line, "\n"))
			switch {
			case attribute == nil:
				t.Errorf("%s: the test cannot read %q", file, line)
			case attribute[3] != "":
				config[attribute[1]] = tftypes.NewValue(tftypes.Bool, true)
			case attribute[4] != "":
				config[attribute[1]] = tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{tftypes.NewValue(tftypes.String, attribute[4])})
			default:
				config[attribute[1]] = tftypes.NewValue(tftypes.String, attribute[2])
			}
		}
		if got := providertest.List(t.Context(), t, block, providertest.Query{Type: found[1], Config: config}); len(got.Errors) > 0 {
			t.Errorf("%s: %q", file, got.Errors)
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
