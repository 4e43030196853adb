package service

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// nameServer knows 198.18.0.0/16 by name.
func nameServer(t *testing.T) (address string) {
	t.Helper()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: socket, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg)
		answer.SetReply(question)
		if name := question.Question[0].Name; strings.HasSuffix(name, ".18.198.in-addr.arpa.") {
			answer.Answer = []dns.RR{&dns.PTR{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypePTR, Class: dns.ClassINET, Ttl: 3600}, Ptr: "host.example.org."}}
		}
		_ = w.WriteMsg(answer)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown(); <-done })
	return socket.LocalAddr().String()
}

// TestFailingQuestionsAreShown: whoever misses names finds the cause where he looks first.
func TestFailingQuestionsAreShown(t *testing.T) {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: socket, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		_ = w.WriteMsg(new(dns.Msg).SetRcode(question, dns.RcodeServerFailure))
	})}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown(); <-served })
	credentials := filepath.Join(t.TempDir(), "snmp.yml")
	if err := os.WriteFile(credentials, []byte("credentials:\n  - {networks: 127.0.0.0/8, port: 1, version: 2c, community: public}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Default().Enrich
	c.SNMP.CredentialsFile = credentials
	c.SNMP.Timeout = config.Duration(100 * time.Millisecond)
	c.ReverseDNS.Enabled, c.ReverseDNS.Servers = true, []string{socket.LocalAddr().String()}
	encoder, err := schema.NewEncoder(schema.Selection{Profile: "lean"})
	if err != nil {
		t.Fatal(err)
	}
	asking, err := openNames(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	e := &enrichment{known: enrich.Open(asking.options(c, encoder, slog.New(slog.DiscardHandler)))}
	e.names.Store(asking)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	asking.run(ctx, &all)
	t.Cleanup(func() { cancel(); all.Wait() })
	asking.exporters.Exporter(netip.MustParseAddr("127.0.0.1"))
	asking.addresses.Name(netip.MustParseAddr("198.51.100.1"))
	for name, want := range map[string]string{
		"snmp":        "1 exporter of 1 without an answer, the last: unable to ask 127.0.0.1 port 1: ",
		"reverse dns": "no answer, the last: unable to look up 198.51.100.1: server: ",
	} {
		until(t, "the problem of "+name, func() bool {
			return slices.ContainsFunc(e.added(), func(l added) bool { return l.name == name && strings.HasPrefix(l.problem, want) })
		})
	}
}

// TestFlowsAreEnrichedAsSet: what the settings name is in the documents, and files are taken in while the service runs.
func TestFlowsAreEnrichedAsSet(t *testing.T) {
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path+".next", []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".next", path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	flows := filepath.Join(folder, "flows.ndjson")
	c := run(t, settings(func(c *config.Config) {
		c.Output.NDJSON.Path = flows
		c.Document.Without = []string{"network.community_id"}
		c.Enrich.NetworksFile = file("networks.yml", "networks:\n  - {network: 198.18.0.0/16, name: lab, site: Vienna, as: 64512}\n")
		c.Enrich.ExportersFile = file("exporters.yml", "exporters:\n  - {address: 127.0.0.1, name: edge, interfaces: [{index: 1, name: uplink}]}\n")
		c.Enrich.ASFile = file("as.csv", "number,name\n64512,Example Lab\n")
		c.Enrich.ReverseDNS.Enabled, c.Enrich.ReverseDNS.Servers = true, []string{nameServer(t)}
		c.Enrich.SNMP.CredentialsFile = file("snmp.yml", "credentials:\n  - {networks: 192.0.2.0/24, version: 2c, community: public}\n")
	}), Options{})
	await := func(what string, parts ...string) {
		t.Helper()
		until(t, what, func() bool {
			c.send(c.UDP[0], netflow5(0, 1))
			text, err := os.ReadFile(flows)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				found := true
				for _, part := range parts {
					found = found && strings.Contains(line, part)
				}
				if strings.Contains(line, "community_id") {
					t.Fatalf("a field that was switched off: %s", line)
				}
				if found {
					return true
				}
			}
			return false
		})
	}
	await("what the files and the DNS say", `"name":"edge"`, `"organization":{"name":"Example Lab"}`, `"domain":"host.example.org"`, `"name":"Vienna"`, `"name":"lab"`)
	file("networks.yml", "networks:\n  - {network: 198.18.0.0/16, name: factory}\n")
	await("the new file", `"name":"factory"`)
	file("networks.yml", "networks: 7\n")
	until(t, "the alarm", func() bool {
		_, text := c.get("/metrics")
		return strings.Contains(text, `flowcollector_enrich_source_stale{source="networks"} 1`)
	})
	if code, text := c.get("/readyz"); code != 200 || !strings.Contains(text, "warning: networks file: ") || !strings.Contains(text, "what was loaded before is in use") ||
		!strings.Contains(text, "ok: snmp: 0 exporters of 0 known") || !strings.Contains(text, "ok: reverse dns: ") {
		t.Errorf("readyz: %d %s", code, text)
	}
	if _, text := c.get("/metrics"); !strings.Contains(text, "flowcollector_snmp_credentials 1") || !strings.Contains(text, "flowcollector_reverse_dns_requests_total ") {
		t.Error("metrics do not tell of SNMP or reverse DNS")
	}
}
