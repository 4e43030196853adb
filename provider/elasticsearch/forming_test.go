package elasticsearch_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/provider/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// listenAt listens where a seed host would: at another address of the loopback, on the port of a node. The addresses are those of this test alone.
func listenAt(t *testing.T, address string, n *providertest.ElasticsearchNode) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(address, strconv.Itoa(n.Port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// forming is a node that forms a cluster by itself, with seed hosts.
func forming(h *providertest.Host, c *providertest.ElasticsearchCluster, n *providertest.ElasticsearchNode, seeds, more string) string {
	return providertest.Preamble + fmt.Sprintf(`provider "flowstack" {
  hosts         = { flow1 = %s }
  elasticsearch = { username = "elastic", password = %q }
}
resource %q "test" {
  cluster_name          = "flows"
  node_name             = "a"
  http_port             = %d
  heap_size             = "1g"
  seed_hosts            = [%s]
  initial_master_nodes  = ["a"]
  bootstrap_password_wo = %q
  tls                   = { http = {}, transport = {} }
  %s
}
`, h.Config(), c.Password, elasticsearch.ResourceType, n.Port, seeds, c.Password, more)
}

// oneLine is what an apply says, without how it is wrapped, in small letters.
func oneLine(texts []string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.Join(texts, " ")), " "))
}

const nobody = `"127.0.0.2"` // where nothing listens

// TestFormingNeedsProof: one node alone forms a cluster only where no seed host can be in one.
func TestFormingNeedsProof(t *testing.T) {
	h, c, n := startNode(t)
	trust(t, n)
	cli := providertest.NewCLI(t)

	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Listener = listenAt(t, "127.0.0.3", n)
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0) // of those who do not trust it
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	listenAt(t, "127.0.0.4", n) // takes connections, and says nothing
	for seed, cause := range map[string]string{"127.0.0.3": "x509", "127.0.0.4": "deadline exceeded", "name.invalid": "name.invalid"} {
		cli.Write(forming(h, c, n, fmt.Sprintf("%s, %q", nobody, seed), ""))
		said := cli.Apply()
		if text := oneLine(said.Errors); !strings.Contains(text, "whether there is a cluster already cannot be told") || !strings.Contains(text, cause) || strings.Contains(text, "127.0.0.2:") {
			t.Errorf("with the seed host %s the apply says %q", seed, said.Errors)
		}
		if got := h.Package("elasticsearch"); got != "" {
			t.Errorf("with the seed host %s the package is %q", seed, got)
		}
	}
	cli.Write(forming(h, c, n, nobody, ""))
	if said := cli.Apply(); len(said.Errors)+len(said.Warnings) > 0 {
		t.Fatalf("where nothing listens the apply says %q", said.Errors)
	}
}

// TestLostDataFormNoSecondCluster: a node that was in a cluster looks for it, however empty it is, and notices another one.
func TestLostDataFormNoSecondCluster(t *testing.T) {
	h, c, n := startNode(t)
	trust(t, n)
	cli := providertest.NewCLI(t)
	cli.Write(forming(h, c, n, nobody, "timeouts = { update = \"20s\" }"))
	if said := cli.Apply(); len(said.Errors) > 0 {
		t.Fatalf("%q", said.Errors)
	}
	h.Systemctl("stop", "elasticsearch.service")
	if err := os.RemoveAll(h.Path("/var/lib/elasticsearch")); err != nil {
		t.Fatal(err)
	}
	c.Forget("uuid-of-a-second")
	said := cli.Apply()
	if text := oneLine(said.Errors); !strings.Contains(text, "its data are gone, and it was in the cluster uuid-of-flows") {
		t.Errorf("the apply says %q", said.Errors)
	}
	if file, _ := h.Read("/etc/elasticsearch/elasticsearch.yml"); strings.Contains(file, "initial_master_nodes") {
		t.Errorf("it was to form a second cluster: %s", file)
	}

	// Somebody lets it form one by hand.
	file, _ := h.Read("/etc/elasticsearch/elasticsearch.yml")
	h.Write("/etc/elasticsearch/elasticsearch.yml", file+"cluster.initial_master_nodes: \"a\"\n")
	h.Systemctl("start", "elasticsearch.service")
	if who, err := n.Client(t).Identify(t.Context()); err != nil || who.UUID != "uuid-of-a-second" {
		t.Fatalf("%+v, %v", who, err)
	}
	const other = "with the uuid uuid-of-a-second, and it was in uuid-of-flows"
	if said := cli.Plan(); !strings.Contains(oneLine(said.Warnings), other) {
		t.Errorf("of another cluster the plan warns %q", said.Warnings)
	}
	if said := cli.Apply(); !strings.Contains(oneLine(said.Errors), other) {
		t.Errorf("of another cluster the apply says %q", said.Errors)
	}
}
