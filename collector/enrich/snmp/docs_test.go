package snmp

import (
	"net/netip"
	"os"
	"strings"
	"testing"
)

func TestExampleOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../../docs/names.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(page), "```yaml\n")
	example, _, ended := strings.Cut(example, "```\n")
	if !found || !ended {
		t.Fatal("there is no example")
	}
	c, err := ParseCredentials("names.md", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	for agent, want := range map[string]string{"192.0.2.9": "2c", "2001:db8:1::9": "2c", "198.51.100.9": "3", "198.51.100.7": "3 vrf-a"} {
		found := c.For(netip.MustParseAddr(agent))
		if found == nil || strings.TrimSpace(found.Version+" "+found.Context) != want {
			t.Errorf("%s has %+v, want %s", agent, found, want)
		}
	}
}
