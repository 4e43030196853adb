package exporterconfig

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ordinary is what somebody would say for a platform.
func ordinary(p *Platform, protocol Protocol) Settings {
	s := p.Usual("192.0.2.10")
	s.Protocol = protocol
	return s
}

// TestGolden compares what each platform is told, for each protocol, with testdata/PLATFORM.txt.
func TestGolden(t *testing.T) {
	for i := range Platforms {
		p := &Platforms[i]
		t.Run(p.Name, func(t *testing.T) {
			var b strings.Builder
			for _, protocol := range p.Protocols {
				s := ordinary(p, protocol)
				part := func(what string, s Settings) {
					r, err := Render(p.Name, s)
					if err != nil {
						t.Fatalf("%s: %v", what, err)
					}
					fmt.Fprintf(&b, "## %s\n\n%s\n## %s: removal\n\n%s\n", what, r.Configuration, what, r.Removal)
				}
				part(string(protocol), s)
				all := s
				all.Port = 9995
				all.Direction = p.Directions[len(p.Directions)-1]
				if p.sourceIs != "" && !p.sourceNeeded {
					all.Source = "198.51.100.1"
					if p.sourceInterface {
						all.Source = p.example
					}
				}
				if p.sampling.most > 0 && (len(p.sampling.only) == 0 || p.sampling.only[0] == protocol) {
					all.Sampling = 512
				}
				if p.domain > 0 && protocol != SFlow {
					all.Domain = 7
				}
				if p.maxFlows > 0 {
					all.MaxFlows = 65536
				}
				if p.filters {
					all.Filter = "tcp[13] & 2 != 0 or (udp and not port 53)"
				}
				if len(p.tracks) > 0 {
					all.Track = p.tracks[len(p.tracks)-1]
				}
				part(string(protocol)+", all that can be said", all)
			}
			golden := filepath.Join("testdata", p.Name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Errorf("%s (-), rendered (+); -update writes it:\n%s", golden, diff)
			}
		})
	}
}

// TestEdgeOSIsAsByHand: the lines that people have typed until now.
func TestEdgeOSIsAsByHand(t *testing.T) {
	r, err := Render("edgeos", Settings{Collector: "192.168.2.1", Port: 9995, Interfaces: []string{"eth0"}, Inactive: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	const want = `configure
set system flow-accounting disable-memory-table
set system flow-accounting ingress-capture pre-dnat
set system flow-accounting interface eth0
set system flow-accounting netflow enable-egress engine-id 1
set system flow-accounting netflow engine-id 0
set system flow-accounting netflow server 192.168.2.1 port 9995
set system flow-accounting netflow timeout expiry-interval 60
set system flow-accounting netflow timeout flow-generic 60
set system flow-accounting netflow timeout icmp 60
set system flow-accounting netflow timeout max-active-life 60
set system flow-accounting netflow timeout tcp-fin 10
set system flow-accounting netflow timeout tcp-generic 60
set system flow-accounting netflow timeout tcp-rst 10
set system flow-accounting netflow timeout udp 60
set system flow-accounting netflow version 9
set system flow-accounting syslog-facility daemon
commit
save
exit
`
	if diff := cmp.Diff(want, r.Configuration); diff != "" {
		t.Error(diff)
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		platform string
		change   func(s *Settings)
		setting  string
		says     string
	}{
		{"nothing", func(*Settings) {}, "platform", "there are arista-eos, cisco-asa"},
		{"edgeos", func(s *Settings) { s.Collector = "" }, "collector", "say the address"},
		{"edgeos", func(s *Settings) { s.Collector = "a b" }, "collector", "neither an address nor a name"},
		{"edgeos", func(s *Settings) { s.Collector = "192.0.2.300" }, "collector", "neither an address nor a name"},
		{"edgeos", func(s *Settings) { s.Collector = "fe80::1%eth0" }, "collector", "zone"},
		{"vyos", func(s *Settings) { s.Collector = "flows.example.net" }, "collector", "takes an address, not a name"},
		{"h3c", func(s *Settings) { s.Collector = "2001:db8::1" }, "collector", "IPv4 addresses only"},
		{"edgeos", func(s *Settings) { s.Protocol = IPFIX }, "protocol", "EdgeOS (EdgeRouter) sends netflow9 or netflow5, not ipfix"},
		{"cisco-asa", func(s *Settings) { s.Protocol = SFlow }, "protocol", "netflow9"},
		{"edgeos", func(s *Settings) { s.Port = 70000 }, "port", "between 1 and 65535"},
		{"edgeos", func(s *Settings) { s.Interfaces = nil }, "interfaces", "such as eth0"},
		{"edgeos", func(s *Settings) { s.Interfaces = []string{"eth0\ndelete system"} }, "interfaces", "not what EdgeOS"},
		{"edgeos", func(s *Settings) { s.Interfaces = []string{"eth0", "eth0"} }, "interfaces", "twice"},
		{"softflowd", func(s *Settings) { s.Interfaces = []string{"eth0", "eth1"} }, "interfaces", "a configuration for each"},
		{"cisco-asa", func(s *Settings) { s.Interfaces = []string{"inside"} }, "interfaces", "leave them out"},
		{"cisco-nx-os", func(s *Settings) { s.Source = "" }, "source", "without it the exporter stays inactive"},
		{"cisco-nx-os", func(s *Settings) { s.Source = "192.0.2.1" }, "source", "name of an interface"},
		{"juniper-mx", func(s *Settings) { s.Source = "lo0" }, "source", "not an address"},
		{"edgeos", func(s *Settings) { s.Source = "192.0.2.1" }, "source", "leave it out"},
		{"panos", func(s *Settings) { s.Active = 90 * time.Second }, "active_timeout", "multiples of 1m0s"},
		{"panos", func(s *Settings) { s.Inactive = 15 * time.Second }, "inactive_timeout", "does not let one set it"},
		{"edgeos", func(s *Settings) { s.Active = 1500 * time.Millisecond }, "active_timeout", "whole number of seconds"},
		{"fortios", func(s *Settings) { s.Active = 30 * time.Second }, "active_timeout", "1m0s to 1h0m0s"},
		{"hsflowd", func(s *Settings) { s.Active = time.Minute }, "active_timeout", "none in sflow"},
		{"routeros7", func(s *Settings) { s.Protocol, s.Template = NetFlow5, time.Minute }, "template_refresh", "none in netflow5"},
		{"cisco-ios-xr", func(s *Settings) { s.Sampling = 1000 }, "sampling", "powers of two"},
		{"routeros6", func(s *Settings) { s.Sampling = 100 }, "sampling", "looks at every packet"},
		{"panos", func(s *Settings) { s.Sampling = 2 }, "sampling", "looks at every packet"},
		{"fortios", func(s *Settings) { s.Sampling = 100 }, "sampling", "with sflow only"},
		{"softflowd", func(s *Settings) { s.Sampling = 1 << 20 }, "sampling", "65535 packets at most"},
		{"edgeos", func(s *Settings) { s.Sampling = -1 }, "sampling", "none to take one of"},
		{"arista-eos", func(s *Settings) { s.Direction = Both }, "direction", "looks at ingress, not both"},
		{"vyos", func(s *Settings) { s.Domain = 256 }, "domain", "0 to 255"},
		{"panos", func(s *Settings) { s.Domain = 1 }, "domain", "does not let one set it"},
		{"openvswitch", func(s *Settings) { s.Protocol, s.Domain = NetFlow5, 4711 }, "domain", "0 to 255 in netflow5"},
		{"openvswitch", func(s *Settings) { s.Protocol, s.Domain = SFlow, 7 }, "domain", "there is none in sflow"},
		{"panos", func(s *Settings) { s.MaxFlows = 1 }, "max_flows", "does not let one set it"},
		{"panos", func(s *Settings) { s.Filter = "tcp" }, "filter", "does not let one set it"},
		{"panos", func(s *Settings) { s.Track = TrackFull }, "track", "does not let one set it"},
		{"softflowd", func(s *Settings) { s.MaxFlows = -1 }, "max_flows", "takes 1 to 16777216, not -1"},
		{"softflowd", func(s *Settings) { s.MaxFlows = 1<<24 + 1 }, "max_flows", "takes 1 to 16777216"},
		{"softflowd", func(s *Settings) { s.Track = "port" }, "track", "tracks full, ip, proto, vlan or ether, not port"},
		{"softflowd", func(s *Settings) { s.Filter = `host "router"` }, "filter", "without quotes"},
		{"softflowd", func(s *Settings) { s.Filter = "host 'router'" }, "filter", "without quotes"},
		{"softflowd", func(s *Settings) { s.Filter = "host `hostname`" }, "filter", "without quotes"},
		{"softflowd", func(s *Settings) { s.Filter = `port \domain` }, "filter", "without quotes"},
		{"softflowd", func(s *Settings) { s.Filter = "host $HOSTNAME" }, "filter", "without quotes"},
		{"softflowd", func(s *Settings) { s.Filter = "tcp\noptions=" }, "filter", "without quotes"},
		{"softflowd", func(s *Settings) { s.Filter = "tcp\n" }, "filter", "without quotes"},
		{"softflowd", func(s *Settings) { s.Filter = " tcp" }, "filter", "without quotes"},
	} {
		p := Find(test.platform)
		s := Settings{}
		if p != nil {
			s = ordinary(p, "")
		}
		test.change(&s)
		_, err := Render(test.platform, s)
		var wrong *SettingError
		if !errors.As(err, &wrong) || wrong.Setting != test.setting || !strings.Contains(wrong.Problem, test.says) {
			t.Errorf("%s %s: the error is %v, want %q", test.platform, test.setting, err, test.says)
		}
	}
}

func TestWarnings(t *testing.T) {
	for platform, want := range map[string]string{"edgeos": "every 18 packets", "huawei": "CloudEngine"} {
		s := ordinary(Find(platform), "")
		r, err := Render(platform, s)
		if err != nil || !strings.Contains(strings.Join(r.Warnings, "\n"), want) {
			t.Errorf("%s warns %q, %v; want %q", platform, r.Warnings, err, want)
		}
	}
	s := ordinary(Find("cisco-ios-xe"), "")
	s.Active, s.Direction, s.Interfaces = 30*time.Minute, Both, []string{"Gi0/0", "Gi0/1"}
	r, err := Render("cisco-ios-xe", s)
	if said := strings.Join(r.Warnings, "\n"); err != nil || !strings.Contains(said, "30m0s") || !strings.Contains(said, "counted twice") {
		t.Errorf("%q, %v", r.Warnings, err)
	}
	if r, err := Render("edgeos", ordinary(Find("edgeos"), NetFlow5)); err != nil || !strings.Contains(strings.Join(r.Warnings, "\n"), "no IPv6 flows") {
		t.Errorf("%q, %v", r.Warnings, err)
	}
}

// TestPlatformsAreComplete: each says where its syntax is from, and has an example of an interface where it needs one.
func TestPlatformsAreComplete(t *testing.T) {
	for i := range Platforms {
		p := &Platforms[i]
		if i > 0 && Platforms[i-1].Name >= p.Name {
			t.Errorf("%s is out of order", p.Name)
		}
		if p.Title == "" || len(p.Protocols) == 0 || len(p.Directions) == 0 || len(p.Sources) == 0 {
			t.Errorf("%s lacks a title, protocols, directions or sources", p.Name)
		}
		if p.interfacePattern != nil && !p.interfacePattern.MatchString(p.example) || p.sourceInterface && !p.interfaceName().MatchString(p.example) {
			t.Errorf("%s: the example %q is none", p.Name, p.example)
		}
		for _, s := range p.Sources {
			if !strings.HasPrefix(s.URL, "https://") {
				t.Errorf("%s: source %q", p.Name, s.URL)
			}
		}
	}
}

// FuzzRender: whatever is asked for, it is refused or comes as lines that have nothing but the words of the platform and what was asked for: no setting can add a line.
func FuzzRender(f *testing.F) {
	for i := range Platforms {
		f.Add(i, "192.0.2.10", Platforms[i].example, "198.51.100.1", "tcp", 60, 15, 60, 0, 0)
		f.Add(i, "2001:db8::1", "eth0; reboot", "lo0\nx", "port \"53\"", 60, 15, 60, 64, 1)
	}
	f.Fuzz(func(t *testing.T, which int, collector, name, source, filter string, active, inactive, template, sampling, domain int) {
		p := &Platforms[((which%len(Platforms))+len(Platforms))%len(Platforms)]
		base := ordinary(p, "")
		usual, err := Render(p.Name, base)
		if err != nil {
			t.Fatal(err)
		}
		s := Settings{
			Collector: collector, Source: source, Active: time.Duration(active) * time.Second, Inactive: time.Duration(inactive) * time.Second,
			Template: time.Duration(template) * time.Second, Sampling: sampling, Domain: domain,
		}
		if name != "" {
			s.Interfaces = []string{name}
		}
		if p.filters {
			s.Filter = filter
		}
		r, err := Render(p.Name, s)
		if err != nil {
			var wrong *SettingError
			if !errors.As(err, &wrong) {
				t.Fatalf("%s: %v", p.Name, err)
			}
			return
		}
		for _, text := range []string{r.Configuration, r.Removal} {
			for _, c := range text {
				if c != '\n' && unicode.IsControl(c) {
					t.Fatalf("%s: a control character in %q", p.Name, text)
				}
			}
			if strings.ContainsAny(text, "`$\\") || strings.Contains(strings.ReplaceAll(text, "no value", ""), "<no") {
				t.Fatalf("%s: %q", p.Name, text)
			}
		}
		// What may be set adds a few lines at most.
		if more := strings.Count(r.Configuration, "\n") - strings.Count(usual.Configuration, "\n"); more > 12 {
			t.Fatalf("%s: %d lines more than usual:\n%s", p.Name, more, r.Configuration)
		}
	})
}
