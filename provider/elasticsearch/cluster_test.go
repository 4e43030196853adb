package elasticsearch_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	appliance "github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// three are nodes a, b and c of a cluster, on hosts of their own.
type three struct {
	*providertest.ElasticsearchCluster
	t     *testing.T
	cli   *providertest.CLI
	nodes map[string]*providertest.ElasticsearchNode
}

func startThree(t *testing.T) *three {
	t.Helper()
	c := &three{
		ElasticsearchCluster: providertest.StartElasticsearchCluster(t, "flows"), t: t,
		cli: providertest.NewCLI(t), nodes: map[string]*providertest.ElasticsearchNode{},
	}
	for _, name := range []string{"a", "b", "c"} {
		c.nodes[name] = c.Node(providertest.StartHost(t, nil), name)
		trust(t, c.nodes[name])
	}
	return c
}

// write configures nodes, each with more that may depend on its name.
func (c *three) write(more func(name string) string) {
	var text strings.Builder
	text.WriteString(providertest.Preamble + "provider \"flowstack\" {\n  hosts = {\n")
	names := []string{"a", "b", "c"}
	for _, name := range names {
		fmt.Fprintf(&text, "    %s = %s\n", name, c.nodes[name].Host.Config())
	}
	fmt.Fprintf(&text, "  }\n  elasticsearch = { host = \"a\", username = \"elastic\", password = %q }\n}\n", c.Password)
	for _, name := range names {
		fmt.Fprintf(&text, `
resource %q %q {
  host                  = %[2]q
  cluster_name          = "flows"
  node_name             = %[2]q
  http_port             = %d
  heap_size             = "1g"
  seed_hosts            = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
  initial_master_nodes  = ["a", "b", "c"]
  bootstrap_password_wo = %q
  tls                   = { http = {}, transport = {} }
  %s
}
`, elasticsearch.ResourceType, name, c.nodes[name].Port, c.Password, more(name))
	}
	c.cli.Write(text.String())
}

func (c *three) apply(what string) {
	c.t.Helper()
	if said := c.cli.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
		c.t.Fatalf("%s: the apply says %q and warns %q", what, said.Errors, said.Warnings)
	}
	if said := c.cli.Plan(); len(said.Errors)+len(said.Warnings)+said.Changes > 0 {
		c.t.Fatalf("after the %s the plan has %d changes, says %q and warns %q", what, said.Changes, said.Errors, said.Warnings)
	}
}

// rolled expects the nodes to have been restarted one after the other, each between holding and releasing the allocation.
func (c *three) rolled(names ...string) {
	c.t.Helper()
	log := c.Log()
	if len(log) != 3*len(names) {
		c.t.Fatalf("the cluster saw %q", log)
	}
	seen := make([]string, 0, len(names))
	for round := range slices.Chunk(log, 3) {
		name, _, _ := strings.Cut(round[0], " ")
		seen = append(seen, name)
		want := []string{name + " allocation primaries", name + " POST /_flush", name + " allocation <nil>"}
		if !slices.Equal(round, want) {
			c.t.Errorf("the restart of %s was %q", name, round)
		}
	}
	if slices.Sort(seen); !slices.Equal(seen, names) {
		c.t.Errorf("restarted were %q, not %q", seen, names)
	}
	if left := c.Settings(); len(left) > 0 {
		c.t.Errorf("the cluster's settings are left with %v", left)
	}
}

// forget forgets what has happened so far.
func (c *three) forget() {
	c.Log()
	for _, n := range c.nodes {
		n.Host.SystemdLog()
	}
}

// same gives all nodes the same.
func same(more string) func(string) string { return func(string) string { return more } }

const buckets = `settings = { "search.max_buckets" = "1000" }`

// TestCluster lives the life of a cluster of three: each part goes on where the one before it ended.
func TestCluster(t *testing.T) {
	c := startThree(t)
	for _, part := range []struct {
		name string
		of   func(t *testing.T)
	}{
		{"formation", c.formation},
		{"change of all nodes", c.changeOfAll},
		{"change of one node", c.changeOfOne},
		{"upgrade", c.upgrade},
		{"restart that is cut short", c.cutShort},
		{"node that cannot be trusted", c.notTrusted},
		{"allocation that a user holds", c.heldByUser},
		{"allocation that was left held", c.leftHeld},
		{"turn of another process", c.turnOfAnother},
		{"master that is away", c.masterAway},
		{"turn that another process takes over", c.turnTakenOver},
		{"cluster that is not well", c.notWell},
	} {
		c.forget()
		if !t.Run(part.name, func(t *testing.T) {
			c.t = t
			part.of(t)
		}) {
			return
		}
	}
}

func (c *three) formation(t *testing.T) {
	c.write(same(`version = "7.17.28"`))
	c.apply("creation")
	for name, n := range c.nodes {
		file, _ := n.Host.Read("/etc/elasticsearch/elasticsearch.yml")
		if strings.Contains(file, "initial_master_nodes") {
			t.Errorf("node %s still has what forms a cluster: %s", name, file)
		}
		if n.Host.SystemdState("elasticsearch.service", "active") != "active" {
			t.Errorf("node %s does not run", name)
		}
	}
	if left := c.Settings(); len(left) > 0 {
		t.Errorf("the cluster's settings are left with %v", left)
	}
}

func (c *three) changeOfAll(*testing.T) {
	c.write(same("version = \"7.17.28\"\n" + buckets))
	c.apply("change of all nodes")
	c.rolled("a", "b", "c")
}

func (c *three) changeOfOne(t *testing.T) {
	c.write(func(name string) string {
		if name == "b" {
			return "version = \"7.17.28\"\nsettings = { \"search.max_buckets\" = \"2000\" }"
		}
		return "version = \"7.17.28\"\n" + buckets
	})
	c.apply("change of one node")
	c.rolled("b")
	if log := c.nodes["a"].Host.SystemdLog(); len(log) > 0 {
		t.Errorf("on the host of a node that is as wanted, systemctl was asked to %q", log)
	}
}

// upgrade stops the old program before its parts are replaced.
func (c *three) upgrade(t *testing.T) {
	c.write(same(buckets))
	c.apply("upgrade")
	c.rolled("a", "b", "c")
	for name, n := range c.nodes {
		if got := n.Host.Package("elasticsearch"); got != "hold 7.17.29" {
			t.Errorf("the package of %s is %q", name, got)
		}
		log := n.Host.SystemdLog()
		stop, start := slices.Index(log, "stop elasticsearch.service"), slices.Index(log, "start elasticsearch.service")
		if stop < 0 || start < stop || slices.Contains(log, "restart elasticsearch.service") {
			t.Errorf("systemctl was asked to %q on the host of %s", log, name)
		}
	}
	c.write(same("version = \"7.17.28\"\n" + buckets))
	if said := c.cli.Plan(); len(said.Errors) != 3 || !strings.Contains(said.Errors[0], "cannot read what 7.17.29 wrote") {
		t.Errorf("of a downgrade the plan says %q", said.Errors)
	}
}

// cutShort is seen in the next plan and finished by the next apply; meanwhile no other node is restarted.
func (c *three) cutShort(t *testing.T) {
	c.write(same("settings = { \"search.max_buckets\" = \"3000\" }\ntimeouts = { update = \"20s\" }"))
	c.nodes["b"].Host.SetSystemd("elasticsearch.service", "fails", "port 9300 is taken")
	if said := c.cli.Apply(); len(said.Errors) == 0 {
		t.Fatal("a node that does not start is no error")
	}
	if got := c.Settings()["cluster.metadata.flowstack.restart.node"]; got != "b" {
		t.Fatalf("the cut restart left the settings %v", c.Settings())
	}
	c.nodes["b"].Host.SetSystemd("elasticsearch.service", "fails", "")
	c.apply("second try")
	if left := c.Settings(); len(left) > 0 {
		t.Errorf("the cluster's settings are left with %v", left)
	}
}

const allocation = "cluster.routing.allocation.enable"

// heldByUser is no drift, and stays.
func (c *three) heldByUser(t *testing.T) {
	c.Set(allocation, "none")
	if said := c.cli.Plan(); said.Changes != 0 || len(said.Errors) > 0 {
		t.Errorf("of a user's own setting the plan makes %d changes and says %q", said.Changes, said.Errors)
	}
	c.write(same(buckets))
	c.apply("change while a user holds the allocation")
	if got := c.Settings()[allocation]; got != "none" {
		t.Errorf("the user's setting became %v", got)
	}
	c.Set(allocation, nil)
}

// leftHeld is what a provider that was killed in the middle leaves: drift of the node that held it.
func (c *three) leftHeld(t *testing.T) {
	c.Set(allocation, "primaries")
	c.Set("cluster.metadata.flowstack.restart.node", "b")
	c.Set("cluster.metadata.flowstack.restart.allocation", "new_primaries")
	if said := c.cli.Plan(); said.Changes != 1 {
		t.Errorf("of a restart that was cut short the plan makes %d changes and says %q", said.Changes, said.Errors)
	}
	c.apply("repair")
	if got := c.Settings(); len(got) != 1 || got[allocation] != "new_primaries" {
		t.Errorf("after the repair the settings are %v", got)
	}
	c.Set(allocation, nil)
}

// notTrusted is a node that runs, with a certificate that cannot be verified: it answers, so it is not taken for one that is away and restarted at any time.
func (c *three) notTrusted(t *testing.T) {
	for _, n := range c.nodes {
		n.Host.Write("/etc/elasticsearch/certs/ca.crt", authorityOfOthers(t))
	}
	c.write(same("settings = { \"node.attr.rack\" = \"2\" }"))
	said := c.cli.Apply()
	if len(said.Errors) != 3 || !strings.Contains(strings.Join(strings.Fields(said.Errors[0]), " "), "do without it for a restart cannot be asked") {
		t.Errorf("the apply says %q", said.Errors)
	}
	c.unrestarted()
	for _, n := range c.nodes {
		trust(t, n)
	}
	c.apply("change once the nodes can be trusted")
	c.rolled("a", "b", "c")
}

// authorityOfOthers is the certificate of an authority that has nothing to do with the cluster, PEM.
func authorityOfOthers(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "others"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// unrestarted expects no node to have been restarted.
func (c *three) unrestarted() {
	c.t.Helper()
	for name, n := range c.nodes {
		if log := n.Host.SystemdLog(); slices.ContainsFunc(log, func(line string) bool { return strings.HasPrefix(line, "restart") || strings.HasPrefix(line, "stop") }) {
			c.t.Errorf("node %s was restarted: %q", name, log)
		}
	}
}

// turnOfAnother: another process of Terraform restarts a node of the cluster. Nothing is restarted until it has ended, and the error says who it is.
func (c *three) turnOfAnother(t *testing.T) {
	node := c.nodes["c"].Client(t)
	turn, err := node.TakeTurn(t.Context(), "ops on another machine (process 1)", "c", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	more := "settings = { \"node.attr.rack\" = \"3\" }\n"
	c.write(same(more + "timeouts = { update = \"10s\" }"))
	said := c.cli.Apply()
	if text := strings.Join(strings.Fields(strings.Join(said.Errors, " ")), " "); !strings.Contains(text, "node c is being restarted by ops on another machine (process 1) since 2") {
		t.Errorf("the apply says %q", said.Errors)
	}
	c.unrestarted()
	if left := c.Settings(); len(left) > 0 {
		t.Errorf("the cluster's settings are %v", left)
	}
	if err := turn.Leave(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	c.write(same(more))
	c.forget()
	c.apply("change once the other process has ended")
	c.rolled("a", "b", "c")
	if turn, err = node.TakeTurn(t.Context(), "the test", "c", time.Hour); err != nil { // the apply has left its own
		t.Fatal(err)
	}
	if err := turn.Leave(t.Context(), node); err != nil {
		t.Fatal(err)
	}
}

// masterAway: of the three nodes that elect the master one is away, which the health does not tell of when it has no shards.
func (c *three) masterAway(t *testing.T) {
	c.Voters("a", "b", "d")
	more := "settings = { \"node.attr.rack\" = \"4\" }\n"
	c.write(func(name string) string {
		if name == "a" {
			return more + "timeouts = { update = \"10s\" }"
		}
		return "settings = { \"node.attr.rack\" = \"3\" }\n"
	})
	said := c.cli.Apply()
	if text := strings.Join(strings.Fields(strings.Join(said.Errors, " ")), " "); !strings.Contains(text, "of 3 nodes that elect the master, 1 are away") {
		t.Errorf("the apply says %q", said.Errors)
	}
	c.unrestarted()
	c.Voters()
	c.apply("change once all masters are there")
}

// turnTakenOver: another process takes the turn for left while this one waits until the cluster is well. What it does then is not done at the same time here.
func (c *three) turnTakenOver(t *testing.T) {
	node := c.nodes["c"].Client(t)
	c.Status("yellow")
	c.write(func(name string) string {
		if name == "a" {
			return "settings = { \"node.attr.rack\" = \"5\" }\n"
		}
		return "settings = { \"node.attr.rack\" = \"3\" }\n"
	})
	ended := make(chan providertest.Outcome, 1)
	go func() { ended <- c.cli.Apply() }()
	var held struct {
		Source appliance.Holder `json:"_source"`
	}
	for held.Source.Renewal < 2 { // it has found two others to renew it through
		select {
		case said := <-ended:
			t.Fatalf("the apply did not wait: %+v", said)
		case <-time.After(10 * time.Millisecond):
			_ = node.Ask(t.Context(), esapi.GetRequest{Index: appliance.TurnIndex, DocumentID: appliance.TurnDocument}, &held) // it may not be there yet
		}
	}
	if _, err := node.Call(t.Context(), esapi.DeleteRequest{Index: appliance.TurnIndex, DocumentID: appliance.TurnDocument}); err != nil {
		t.Fatal(err)
	}
	turn, err := node.TakeTurn(t.Context(), "the test", "c", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c.Status("green")
	if said := <-ended; !strings.Contains(oneLine(said.Errors), "another process has taken it over") {
		t.Errorf("the apply says %+v", said)
	}
	c.unrestarted()
	if left := c.Settings(); len(left) > 0 {
		t.Errorf("the cluster's settings are %v", left)
	}
	if err := turn.Leave(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	c.apply("change once the other process has ended")
	c.forget()
}

// notWell is not made worse by a restart.
func (c *three) notWell(t *testing.T) {
	c.Status("yellow")
	c.write(same("settings = { \"node.attr.rack\" = \"1\" }\ntimeouts = { update = \"10s\" }"))
	said := c.cli.Apply()
	if !strings.Contains(strings.Join(strings.Fields(strings.Join(said.Errors, " ")), " "), "cluster flows is yellow") { // time may be over in another step
		t.Errorf("the apply says %q", said.Errors)
	}
	c.unrestarted()
}
