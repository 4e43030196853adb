package elasticsearch_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	nodeheap "github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	yml  = "file /etc/elasticsearch/elasticsearch.yml"
	unit = "unit elasticsearch.service"
)

// startNode is a host with a node that is alone.
func startNode(t *testing.T) (*providertest.Host, *providertest.ElasticsearchCluster, *providertest.ElasticsearchNode) {
	t.Helper()
	h := providertest.StartHost(t, nil)
	c := providertest.StartElasticsearchCluster(t, "flows")
	return h, c, c.Node(h, "a")
}

// body is a node as most tests want it.
func body(n *providertest.ElasticsearchNode, password, more string) string {
	return fmt.Sprintf("cluster_name = \"flows\"\nhttp_port = %d\nheap_size = \"1g\"\nbootstrap_password_wo = %q\ntls = { http = {} }\n%s", n.Port, password, more)
}

// trust puts the authority of the node's certificate where certificates are made before the node, and says how to undo it.
func trust(t *testing.T, n *providertest.ElasticsearchNode) {
	t.Helper()
	if err := os.MkdirAll(n.Host.Path("/etc/elasticsearch/certs"), 0o755); err != nil {
		t.Fatal(err)
	}
	n.Host.Write("/etc/elasticsearch/certs/ca.crt", n.CA())
}

func contains(h *providertest.Host, path string, lines ...string) error {
	content, _ := h.Read(path)
	for _, line := range lines {
		if !strings.Contains("\n"+content, "\n"+line+"\n") {
			return fmt.Errorf("%s lacks %q: %s", path, line, content)
		}
	}
	return nil
}

func TestNodeLife(t *testing.T) {
	h, c, n := startNode(t)
	trust(t, n)
	h.Write("/etc/elasticsearch/of-somebody-else", "")
	const keystore = "keystore /etc/elasticsearch/elasticsearch.keystore"
	check := func() error {
		if got := h.Package("elasticsearch"); got != "hold 7.17.29" {
			return fmt.Errorf("the package is %q", got)
		}
		if got, _ := h.Read("/etc/elasticsearch/elasticsearch.keystore"); !strings.Contains(got, "bootstrap.password "+c.Password+"\n") {
			return fmt.Errorf("the keystore is %q", got)
		}
		return contains(h, "/etc/elasticsearch/elasticsearch.yml", `cluster.name: "flows"`, "search.max_buckets: 250000", `discovery.type: "single-node"`)
	}
	providertest.Life{
		Host: h, Type: elasticsearch.ResourceType,
		Body:    body(n, c.Password, `settings = { "search.max_buckets" = "250000" }`),
		Changed: body(n, c.Password, "memory_lock = false\njvm_options = [\"-Dx=y\"]"),
		Check:   check,
		CheckChanged: func() error {
			if err := contains(h, "/etc/elasticsearch/jvm.options.d/flowstack.options", "-Des.enforce.bootstrap.checks=true", "-Dx=y"); err != nil {
				return err
			}
			return contains(h, "/etc/elasticsearch/elasticsearch.yml", "bootstrap.memory_lock: false")
		},
		Drifts: []providertest.Drift{
			{
				Name: "a setting", By: func() { h.Write("/etc/elasticsearch/elasticsearch.yml", "cluster.name: other\nfoo.bar: 1\n") },
				Fact: yml + ": cluster.name", From: "other", To: "flows",
			},
			{Name: "the heap", By: func() {
				h.Write("/etc/elasticsearch/jvm.options.d/heap.options", "-Xms2g\n-Xmx1g\n")
			}, Fact: "file /etc/elasticsearch/jvm.options.d/heap.options: -Xms", From: "2g", To: "1g"},
			{
				Name: "the keystore", By: func() { h.Write("/etc/elasticsearch/elasticsearch.keystore", "1\n") },
				Fact: keystore + ": entry bootstrap.password", From: "absent", To: "present",
			},
			{Name: "the hold", By: func() { h.SetPackage("elasticsearch", "install 7.17.29") }, Fact: "package elasticsearch: hold", From: "no", To: "yes"},
			{Name: "the service", By: func() { h.Systemctl("stop", "elasticsearch.service") }, Fact: unit + ": active", From: "inactive", To: "active"},
		},
		Secrets:  []string{c.Password},
		CutEvery: 5,
		Ignore:   accountFiles,
	}.Run(t)
}

// accountFiles are what the programs that make accounts leave: locks and copies.
var accountFiles = []string{"etc/fake", "etc/.pwd.lock", "etc/passwd-", "etc/group-", "etc/shadow", "etc/gshadow", "etc/subuid", "etc/subgid"}

func TestDirectoryLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	const certs = "/etc/elasticsearch/certs"
	check := func() error {
		info, err := os.Stat(h.Path(certs))
		if err != nil {
			return err
		}
		if got := info.Mode() & (os.ModePerm | os.ModeSetgid); got != 0o750|os.ModeSetgid {
			return fmt.Errorf("the mode of %s is %v", certs, got)
		}
		passwd, _ := h.Read("/etc/passwd")
		if !strings.Contains(passwd, "\nelasticsearch:") {
			return fmt.Errorf("the accounts are %q", passwd)
		}
		return nil
	}
	providertest.Life{
		Host: h, Type: elasticsearch.DirectoryType,
		Body: "", Changed: "timeouts = { read = \"1m\" }", Check: check, CheckChanged: check,
		Drifts: []providertest.Drift{{
			Name: "the mode", By: func() {
				if err := os.Chmod(h.Path(certs), 0o777); err != nil {
					t.Fatal(err)
				}
			}, Fact: "directory " + certs + ": mode", From: "0777", To: "2750",
		}},
		ImportID: "flow1", Identity: map[string]string{"host": "flow1"}, NotImported: []string{"timeouts"},
		Ignore: accountFiles,
	}.Run(t)
}

// TestNodeImport takes everything from the host that a host can show.
func TestNodeImport(t *testing.T) {
	h, c, n := startNode(t)
	trust(t, n)
	c.Password = ""
	const address = elasticsearch.ResourceType + ".test"
	config := h.Provider() + fmt.Sprintf(`
resource "%s" "test" {
  cluster_name = "flows"
  node_name    = "a"
  http_port    = %d
  roles        = ["master", "data"]
  network_host = ["_local_", "192.0.2.1"]
  heap_size    = "512m"
  jvm_options  = ["-Da=b", "-Xss2m"]
  memory_lock  = false
  security     = false
  data_paths   = ["/var/lib/flows"]
  tls          = { http = { key = "/etc/elasticsearch/certs/of-http.key" } }
  settings     = { "search.max_buckets" = "1000", "path.repo" = "/a, /b" }
}
`, elasticsearch.ResourceType, n.Port)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(address, tfjsonpath.New("cluster_uuid"), knownvalue.StringExact("uuid-of-flows")),
					providertest.ExpectIdentity(t, address, map[string]knownvalue.Check{"host": knownvalue.StringExact("flow1")}),
				},
			},
			{Config: config, PlanOnly: true},
			{ResourceName: address, ImportState: true, ImportStateId: "flow1", ImportStateVerify: true},
			providertest.ImportByIdentity(t, address),
		},
	})
}

func TestMistakesAreFoundInThePlan(t *testing.T) {
	h, c, n := startNode(t)
	for name, of := range map[string]struct{ more, message string }{
		"setting":         {`settings = { "netwrk.host" = "0.0.0.0" }`, `did\s+you\s+mean\s+network.host`},
		"beside unknown":  {`settings = { "netwrk.host" = "0.0.0.0", "node.attr.a" = terraform_data.later.id }`, `did\s+you\s+mean\s+network.host`},
		"initial masters": {`initial_master_nodes = ["a"]`, `forms\s+no\s+cluster`},
		"cluster":         {`seed_hosts = ["b"]`, `Give\s+tls.transport`},
		"entry":           {`keystore_wo = { "bootstrap.pasword" = "x" }`, `did\s+you\s+mean\s+bootstrap.password`},
		"two passwords":   {`keystore_wo = { "bootstrap.password" = "x" }`, `two\s+bootstrap\s+passwords`},
		"forming unseen": {
			"seed_hosts = [\"b\"]\ninitial_master_nodes = [\"a\"]\nwait_for_status = \"none\"",
			`without\s+asking\s+whether\s+there\s+is\s+one`,
		},
		"version":     {`version = "6.8.0"`, `not\s+a\s+release\s+that\s+is\s+known\s+to\s+work`},
		"key":         {`repository = { key = "none" }`, `(?i)no OpenPGP public key|not an OpenPGP`},
		"fingerprint": {`repository = { key_fingerprints = ["4609 5ACC 8548 582C 1A26 99A9 D27D 666C D88E 42B5"] }`, `not\s+those\s+expected`},
		"option":      {`jvm_options = ["-Xmx1g"]`, `heap\s+has\s+an\s+attribute\s+of\s+its\s+own`},
	} {
		t.Run(name, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: providertest.Factories(t),
				Steps: []resource.TestStep{{
					Config: h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\nresource \"terraform_data\" \"later\" {}\n",
						elasticsearch.ResourceType, body(n, c.Password, of.more)),
					PlanOnly:    true,
					ExpectError: regexp.MustCompile(of.message),
				}},
			})
		})
	}
	if got := h.Sessions(); got != 0 {
		t.Errorf("%d commands were run on the host to find mistakes in a configuration", got)
	}
}

// TestNodeThatDoesNotStart says why, and leaves nothing.
func TestNodeThatDoesNotStart(t *testing.T) {
	h, c, n := startNode(t)
	trust(t, n)
	if err := os.MkdirAll(h.Path("/var/log/elasticsearch"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.Write("/var/log/elasticsearch/flows.log", "[2026-11-27T10:00:00,000][INFO ][o.e.n.Node] [a] version[7.17.29], pid[12]\n"+
		"bootstrap check failure [1] of [1]: max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]\n")
	h.SetSystemd("elasticsearch.service", "fails", "no")
	config := h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", elasticsearch.ResourceType, body(n, c.Password, ""))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: config, ExpectError: regexp.MustCompile(`(?s)What /var/log/elasticsearch/flows.log says.*vm.max_map_count.*flowstack_sysctl.*is\s+undone`)},
			{
				PreConfig: func() {
					if got := h.Package("elasticsearch"); got != "" {
						t.Errorf("the package is %q", got)
					}
					h.SetSystemd("elasticsearch.service", "fails", "")
				},
				Config: config,
			},
		},
	})
}

// TestNodeThatLetsNobodyIn: without credentials that it accepts nothing is known of its cluster.
func TestNodeThatLetsNobodyIn(t *testing.T) {
	h, c, n := startNode(t)
	trust(t, n)
	address := elasticsearch.ResourceType + ".test"
	config := func(more string) string {
		return h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", elasticsearch.ResourceType, body(n, "not-the-password", more))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{
				Config:      config(`timeouts = { create = "20s" }`),
				ExpectError: regexp.MustCompile(`(?is)wait\s+until\s+it\s+is\s+in\s+a\s+cluster.*unable\s+to\s+authenticate`),
			},
			{
				Config:            config(`wait_for_status = "none"`),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(address, tfjsonpath.New("cluster_uuid"), knownvalue.Null())},
			},
			{Config: config(`wait_for_status = "none"`), PlanOnly: true},
			{ // the way in is another password: it is an update that restarts the node, and that may be asked
				Config: h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", elasticsearch.ResourceType, body(n, c.Password, "")),
				Check: func(*terraform.State) error {
					return contains(h, "/etc/elasticsearch/elasticsearch.keystore", "bootstrap.password "+c.Password)
				},
			},
		},
	})
}

// TestHeapIsComputed from the host's memory, and kept while the host does not answer.
func TestHeapIsComputed(t *testing.T) {
	h, c, n := startNode(t)
	trust(t, n)
	meminfo, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	var kib int64
	if _, err := fmt.Sscanf(string(meminfo), "MemTotal: %d kB", &kib); err != nil {
		t.Fatal(err)
	}
	heap := func(shared bool) string {
		size, err := nodeheap.Heap(kib<<10, shared)
		if err != nil {
			t.Fatal(err)
		}
		return size
	}
	address := elasticsearch.ResourceType + ".test"
	config := func(more string) string {
		text := strings.Replace(body(n, c.Password, more), "heap_size = \"1g\"\n", "", 1)
		return h.Provider() + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", elasticsearch.ResourceType, text)
	}
	is := func(size string) []statecheck.StateCheck {
		return []statecheck.StateCheck{
			statecheck.ExpectKnownValue(address, tfjsonpath.New("heap_size"), knownvalue.StringExact(size)),
			providertest.Fact(address, "file /etc/elasticsearch/jvm.options.d/heap.options: -Xms", size),
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: providertest.Factories(t),
		Steps: []resource.TestStep{
			{Config: config(""), ConfigStateChecks: is(heap(true))},
			{Config: config(""), PlanOnly: true},
			{Config: config("beside = []"), ConfigStateChecks: is(heap(false))},
		},
	})
}
