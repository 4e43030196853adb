package firewall

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func prefixes(t *testing.T, all ...string) []netip.Prefix {
	t.Helper()
	parsed := make([]netip.Prefix, 0, len(all))
	for _, one := range all {
		p, err := netip.ParsePrefix(one)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, p)
	}
	return parsed
}

func someSpec(t *testing.T) Spec {
	t.Helper()
	return Spec{
		"flows": {UDP: []uint16{6343, 2055}, TCP: []uint16{4739}, Allowed: prefixes(t, "192.0.2.0/25", "192.0.2.128/26", "192.0.2.129/32", "2001:db8::/32", "198.51.100.7/32")},
		"drop":  {TCP: []uint16{9200}}, // nobody, and a word of nft's
		"world": {TCP: []uint16{443}, Allowed: prefixes(t, "0.0.0.0/0", "::/0")},
		"a_udp": {UDP: []uint16{1}, Allowed: prefixes(t, "10.0.0.0/24", "10.0.1.0/24", "10.0.3.0/24")},
	}
}

// inNamespace runs a script with a network, and so a rule set, of its own; $1 is a file with the rules.
func inNamespace(t *testing.T, rules []byte, script string) (stdout string, err error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("network namespaces need root: run make test as root")
	}
	file := filepath.Join(t.TempDir(), "rules.nft")
	if err := os.WriteFile(file, rules, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "unshare", "--net", "sh", "-ec", script, "sh", file).Output()
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output makes it
		t.Logf("%s", exit.Stderr)
	}
	return string(out), err
}

func wanted(spec Spec) map[string]string {
	facts := spec.facts()
	facts[rulesFact] = complete
	return facts
}

// TestRules: what is written is what the file and a real kernel show.
func TestRules(t *testing.T) {
	for name, spec := range map[string]Spec{"some": someSpec(t), "none": {}, "one": {"flows": DefaultGroups["flows"]}} {
		t.Run(name, func(t *testing.T) {
			if err := spec.Validate(); name != "none" && err != nil {
				t.Fatal(err)
			}
			want := wanted(spec)
			if got, err := (RulesFormat{}).Facts(Rules(spec)); err != nil || !cmp.Equal(got, want) {
				t.Errorf("in the file: %v\n%s", err, cmp.Diff(want, got))
			}
			// Twice: the second time replaces the first.
			out, err := inNamespace(t, Rules(spec), `nft -c -f "$1"; nft -f "$1"; nft -f "$1"; nft -j list table inet flowstack`)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := (ListingFormat{}).Facts([]byte(out)); err != nil || !cmp.Equal(got, want) {
				t.Errorf("in the kernel: %v\n%s", err, cmp.Diff(want, got))
			}
		})
	}
}

func TestChangesInTheKernel(t *testing.T) {
	spec := Spec{"flows": {UDP: []uint16{2055}, Allowed: prefixes(t, "192.0.2.0/24")}}
	for script, want := range map[string]map[string]string{
		`nft add element inet flowstack flows_udp '{ 9995 }'`:                      {"flows: udp": "2055, 9995"},
		`nft delete element inet flowstack flows_udp '{ 2055 }'`:                   {"flows: udp": none},
		`nft add element inet flowstack flows_ip4 '{ 198.51.100.0-198.51.100.5 }'`: {"flows: allowed": "192.0.2.0/24, 198.51.100.0/30, 198.51.100.4/31"},
		`nft add element inet flowstack flows_ip6 '{ 2001:db8::1 comment "x" }'`:   {"flows: allowed": "192.0.2.0/24, 2001:db8::1/128"},
		`nft insert rule inet flowstack input accept`:                              {"rules": "0 missing, 1 of others"},
		`nft flush chain inet flowstack group_flows`:                               {"rules": "3 missing, 0 of others"},
		`nft add set inet flowstack mine '{ type inet_service; }'`:                 {"rules": "0 missing, 2 of others"},
		`nft add chain inet flowstack input '{ policy drop; }'`:                    {"rules": "1 missing, 1 of others"},
		`nft flush chain inet flowstack group_flows; nft add rule inet flowstack group_flows counter drop
		 nft add rule inet flowstack group_flows ip saddr @flows_ip4 accept; nft add rule inet flowstack group_flows ip6 saddr @flows_ip6 accept`: {"rules": "in another order"},
		`nft add table inet another; nft add chain inet another x`: {},
	} {
		expect := wanted(spec)
		for name, value := range want {
			expect[name] = value
		}
		out, err := inNamespace(t, Rules(spec), `nft -f "$1"; `+script+`; nft -j list table inet flowstack`)
		if err != nil {
			t.Errorf("%s: %v", script, err)
			continue
		}
		if got, err := (ListingFormat{}).Facts([]byte(out)); err != nil || !cmp.Equal(got, expect) {
			t.Errorf("%s: %v\n%s", script, err, cmp.Diff(expect, got))
		}
	}
	for _, nonsense := range []string{"", "{}", `{"nftables":[{"set":{"name":"x_ip4","elem":[{}]}}]}`, `{"nftables":[{"set":{"name":"x_udp","elem":["http"]}}]}`} {
		if got, err := (ListingFormat{}).Facts([]byte(nonsense)); err == nil {
			t.Errorf("%q reads as %q", nonsense, got)
		}
	}
}

func TestChangesInTheFile(t *testing.T) {
	spec := someSpec(t)
	for _, c := range []struct {
		from, to string
		want     map[string]string
	}{
		{"# Managed", "# Not managed", nil},
		{"elements = { 9200 }", "elements = { 9200, 9300 }", map[string]string{"drop: tcp": "9200, 9300"}},
		{"counter drop", "counter accept", map[string]string{"rules": "changed"}},
		{"delete table inet flowstack\n", "", map[string]string{"rules": "changed"}},
		{"\tset world_ip6 { type ipv6_addr; flags interval; elements = { ::/0 } }\n", "", map[string]string{"rules": "changed", "world: allowed": "0.0.0.0/0"}},
	} {
		want := wanted(spec)
		for name, value := range c.want {
			want[name] = value
		}
		content := strings.Replace(string(Rules(spec)), c.from, c.to, 1)
		if got, err := (RulesFormat{}).Facts([]byte(content)); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%q: %v\n%s", c.to, err, cmp.Diff(want, got))
		}
	}
	if got, err := (RulesFormat{}).Facts([]byte("set x_udp { elements = { http } }")); err == nil {
		t.Errorf("a port that is none reads as %q", got)
	}
}

func TestSpecOf(t *testing.T) {
	spec := someSpec(t)
	got, err := SpecOf(wanted(spec))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(spec.facts(), got.facts()); diff != "" {
		t.Error(diff)
	}
	for _, nonsense := range []map[string]string{{"x: udp": "http"}, {"x: allowed": "everybody"}} {
		if got, err := SpecOf(nonsense); err == nil {
			t.Errorf("%v reads as %v", nonsense, got)
		}
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		spec Spec
		want string
	}{
		"name":    {Spec{"Flows": {UDP: []uint16{1}}}, `"Flows" is not the name of a group`},
		"no port": {Spec{"x": {}}, "group x has no port"},
		"SSH":     {Spec{"x": {TCP: []uint16{22}}}, "TCP port 22 is SSH's"},
		"zero":    {Spec{"x": {UDP: []uint16{0}}}, "there is no port 0"},
		"twice":   {Spec{"x": {UDP: []uint16{1, 1}}}, "group x has UDP port 1 twice"},
		"two":     {Spec{"x": {UDP: []uint16{1}}, "y": {UDP: []uint16{1}}}, "UDP port 1 is in the groups x and y"},
		"bits":    {Spec{"x": {UDP: []uint16{1}, Allowed: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}}}, "192.0.2.1/24 is not a network"},
	} {
		if err := c.spec.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (Spec{"x": {UDP: []uint16{22}, TCP: []uint16{1}}, "y": {UDP: []uint16{1}}}).Validate(); err != nil {
		t.Error(err)
	}
	if err := Desired(someSpec(t)).Validate(); err != nil {
		t.Error(err)
	}
}

func FuzzRulesFormat(f *testing.F) {
	f.Add([]byte("\tset x_udp { type inet_service; elements = { 1, 2 } }\n"))
	f.Add(Rules(DefaultGroups))
	f.Fuzz(func(t *testing.T, content []byte) {
		facts, err := RulesFormat{}.Facts(content)
		if err != nil {
			return
		}
		spec, err := SpecOf(facts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(facts, spec.facts(), cmpopts.IgnoreMapEntries(func(name, _ string) bool { return name == rulesFact })); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestCheck is about what a host says before the kernel is asked.
func TestCheck(t *testing.T) {
	programs := t.TempDir()
	put := func(name, script string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	try := func(ports ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-c", check, "check", "/rules"}, ports...)...)
		c.Env = []string{"PATH=" + programs}
		out, err := c.CombinedOutput()
		if err != nil {
			return err.Error() + ": " + string(out)
		}
		return string(out)
	}
	if got := try("9200"); got != "exit status 1: the host has no nft program: install the package nftables\n" {
		t.Errorf("without nft: %q", got)
	}
	put("nft", `echo "nft $*"`)
	if got := try("9200"); !strings.Contains(got, "exit status 1: ") || !strings.Contains(got, "it cannot be told whether TCP port 9200 is the SSH server's") {
		t.Errorf("without ss: %q", got)
	}
	if got := try(); got != "nft -c -f /rules\n" {
		t.Errorf("without TCP ports: %q", got)
	}
	put("ss", `case $2 in *:2222) echo 'LISTEN 0 128 *:2222 *:* users:(("sshd",pid=1,fd=3))' ;; *:9200) echo 'LISTEN 0 9 *:9200 *:* users:(("java",pid=2,fd=3))' ;; esac`)
	if got := try("9200"); got != "nft -c -f /rules\n" {
		t.Errorf("a port of another program: %q", got)
	}
	if got := try("9200", "2222"); got != "exit status 1: TCP port 2222 is the SSH server's: no group may have it\n" {
		t.Errorf("the port of sshd: %q", got)
	}
	// Where systemd listens for it, sshd has the connection of the login.
	put("ss", `echo 'LISTEN 0 128 *:2222 *:* users:(("systemd",pid=1,fd=3))'; case $1 in *a*) echo 'ESTAB 0 0 192.0.2.1:2222 192.0.2.9:5 users:(("sshd",pid=9,fd=4))' ;; esac`)
	if got := try("2222"); got != "exit status 1: TCP port 2222 is the SSH server's: no group may have it\n" {
		t.Errorf("the port that systemd listens on: %q", got)
	}
}
