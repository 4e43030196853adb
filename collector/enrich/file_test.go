package enrich

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

var checks = map[string]func(string, []byte) yamlfile.Errors{
	"networks": CheckNetworks, "exporters": CheckExporters, "applications": CheckApplications, "as": CheckSystems,
}

func TestMistakes(t *testing.T) {
	for name, tt := range map[string]struct {
		file, data string
		want       []string
	}{
		"all at once": {"networks.yml", `
networks:
  - {network: 192.0.2.1/24, name: a}
  - {network: 192.0.2.0/24, nmae: b}
  - {name: c}
  - {network: 192.0.2.0/24, internal: maybe, country: Austria, latitude: 91, longitude: 0, as: AS0}
  - {network: 192.0.2.0/24, as_name: x, latitude: 1}
  - network: ::ffff:192.0.2.1
    name: " x"
`, []string{
			`networks.yml: line 3, column 15: networks[0].network: "192.0.2.1/24" has bits beyond its length; write 192.0.2.0/24 for the network, 192.0.2.1 for the address`,
			`networks.yml: line 4, column 29: networks[1]: unknown key "nmae"; did you mean "name"?`,
			`networks.yml: line 5, column 5: networks[2]: network is missing`,
			`networks.yml: line 6, column 39: networks[3].internal: "maybe" must be true or false`,
			`networks.yml: line 6, column 55: networks[3].country: "Austria" must be a country's code of two capitals (ISO 3166-1), such as AT`,
			`networks.yml: line 6, column 74: networks[3].latitude: "91" must be degrees from -90 to 90`,
			`networks.yml: line 6, column 96: networks[3].as: "AS0" must be the number of an autonomous system, from 1 to 4294967295`,
			`networks.yml: line 7, column 15: networks[4].network: 192.0.2.0/24 is there twice, first in line 6`,
			`networks.yml: line 7, column 38: networks[4].as_name: needs as, the number`,
			`networks.yml: line 7, column 51: networks[4].latitude: needs longitude too`,
			`networks.yml: line 8, column 14: networks[5].network: "::ffff:192.0.2.1" is IPv4 within IPv6; write it as IPv4`,
			`networks.yml: line 9, column 11: networks[5].name: must not be empty, nor begin or end with a space`,
		}},
		"CSV": {"networks.csv", "# comment\nnetwork,name,internal\n192.0.2.0/24,a,true\n192.0.2.0/24,b,\n,c,\n198.51.100.0/24,\"d\",no\nx\n", []string{
			`networks.csv: line 4, column 1: network: 192.0.2.0/24 is there twice, first in line 3`,
			`networks.csv: line 5, column 1: network: needs a value`,
			`networks.csv: line 6, column 21: internal: "no" must be true or false`,
			`networks.csv: line 7, column 1: there are 1 values for 3 columns`,
		}},
		"CSV header":      {"as.csv", "numbr,number,number\n", []string{`as.csv: line 1, column 1: unknown column "numbr"; did you mean "number"?`, `as.csv: line 1, column 1: the column name is missing; the first line has the names of the columns`, `as.csv: line 1, column 14: the column number is there twice`}},
		"CSV quotes":      {"as.csv", "number,name\n1,\"a\n", []string{`as.csv: line 2, column 6: not CSV: extraneous or missing " in quoted-field`}},
		"ending":          {"as.txt", "", []string{`as.txt: its name must end in .yml, .yaml or .csv, which says what it is`}},
		"no YAML":         {"as.yml", "a: [", []string{`as.yml: line 1: not YAML: did not find expected node content`}},
		"another key":     {"as.yml", "systems: []\n", []string{`as.yml: line 1, column 1: unknown key "systems"`, `as.yml: line 1, column 1: autonomous_systems is missing`}},
		"no list":         {"as.yml", "autonomous_systems: {}\n", []string{`as.yml: line 1, column 21: autonomous_systems: must be a list`}},
		"no mapping":      {"as.yml", "autonomous_systems: [1]\n", []string{`as.yml: line 1, column 22: autonomous_systems[0]: must have number, name below it`}},
		"aliases":         {"as.yml", "autonomous_systems:\n  - &a {number: 1, name: x}\n  - *a\n", []string{`as.yml: line 3, column 5: autonomous_systems[1]: YAML aliases are not supported`}},
		"a system twice":  {"as.csv", "number,name\n64500,a\nAS64500,b\n", []string{`as.csv: line 3, column 1: number: 64500 is there twice, first in line 2`}},
		"no number":       {"as.csv", "number,name\n4294967296,a\n", []string{`as.csv: line 2, column 1: number: "4294967296" must be the number of an autonomous system, from 1 to 4294967295`}},
		"a long name":     {"as.csv", "number,name\n1," + strings.Repeat("x", 257) + "\n", []string{`as.csv: line 2, column 3: name: "` + strings.Repeat("x", 64) + `…" is too long; it may have at most 256 octets`}},
		"exporters":       {"exporters.yml", "exporters:\n  - {address: 192.0.2.1, interfaces: [{index: 0}, {index: 1, name: a}, {index: 1}, {name: b}, {index: 2, name: [c]}]}\n  - {address: 192.0.2.2}\n  - {address: 192.0.2.2}\n  - {address: r1}\n", []string{`exporters.yml: line 2, column 47: exporters[0].interfaces[0].index: "0" must be a number from 1 to 4294967295`, `exporters.yml: line 2, column 80: exporters[0].interfaces[2].index: interface 1 is there twice, first in line 2`, `exporters.yml: line 2, column 84: exporters[0].interfaces[3]: index is missing`, `exporters.yml: line 2, column 112: exporters[0].interfaces[4].name: must be a plain value`, `exporters.yml: line 4, column 15: exporters[2].address: 192.0.2.2 is there twice, first in line 3`, `exporters.yml: line 5, column 15: exporters[3].address: "r1" is not an address; write it like 192.0.2.1 or 2001:db8::1`}},
		"applications":    {"applications.yml", "applications:\n  - {name: a, ports: [80, 0, 2-1, 65536], protocols: [tpc]}\n  - {name: b, ports: 80, protocols: tcp}\n  - {name: c, ports: 80}\n  - {name: d, ports: 80, networks: [192.0.2.1/24]}\n  - {name: e, ports: []}\n", []string{`applications.yml: line 2, column 27: applications[0].ports[1]: "0" must be a port from 1 to 65535, or a range such as 8000-8099`, `applications.yml: line 2, column 30: applications[0].ports[2]: "2-1" must be a port from 1 to 65535, or a range such as 8000-8099`, `applications.yml: line 2, column 35: applications[0].ports[3]: "65536" must be a port from 1 to 65535, or a range such as 8000-8099`, `applications.yml: line 2, column 55: applications[0].protocols[0]: unknown protocol "tpc"`, `applications.yml: line 4, column 22: applications[2].ports: tcp 80 is there twice, first in line 3`, `applications.yml: line 5, column 37: applications[3].networks[0]: "192.0.2.1/24" has bits beyond its length; write 192.0.2.0/24 for the network, 192.0.2.1 for the address`, `applications.yml: line 6, column 22: applications[4].ports: must have at least one`}},
		"nothing at all":  {"exporters.yml", "# nothing\n", nil},
		"an empty list":   {"applications.yml", "applications:\n", nil},
		"CSV of nothing":  {"networks.csv", "", nil},
		"with a mark":     {"networks.csv", "\ufeffnetwork,name\n192.0.2.0/24,a\n", nil},
		"YAML of a float": {"networks.yaml", "networks: [{network: 192.0.2.0/24, latitude: -1.5e1, longitude: .5}]\n", nil},
	} {
		kind, _, _ := strings.Cut(tt.file, ".")
		var got []string
		for _, e := range checks[kind](tt.file, []byte(tt.data)) {
			got = append(got, e.Error())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestFilesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("number,name\n")
	for i := range MaxEntries + 10 {
		fmt.Fprintf(&b, "%d,x\n", i+1)
	}
	mistakes := CheckSystems("as.csv", []byte(b.String()))
	if len(mistakes) != 1 || !strings.Contains(mistakes[0].Message, "at most 200000 entries") {
		t.Errorf("%v", mistakes)
	}
	if mistakes = CheckSystems("as.csv", make([]byte, MaxFileSize+1)); len(mistakes) != 1 || !strings.Contains(mistakes[0].Message, "more than") {
		t.Errorf("%v", mistakes)
	}
	b.Reset()
	b.WriteString("number,name\n")
	for range 1000 {
		b.WriteString("x,y\n")
	}
	mistakes = CheckSystems("as.csv", []byte(b.String()))
	if len(mistakes) != maxMistakes+1 || mistakes[maxMistakes].Message != "and 900 more mistakes" {
		t.Errorf("%d mistakes, last %v", len(mistakes), mistakes[len(mistakes)-1])
	}
	b.Reset()
	b.WriteString("applications:\n")
	for i := range MaxScoped + 1 {
		fmt.Fprintf(&b, "  - {name: a, ports: %d-9000, protocols: tcp, networks: 192.0.2.0/24}\n", 8000+i)
	}
	mistakes = CheckApplications("applications.yml", []byte(b.String()))
	if len(mistakes) != 1 || !strings.Contains(mistakes[0].Message, "has more than 64 entries with networks") {
		t.Errorf("%v", mistakes)
	}
}

// A file may have as many entries as it may, whatever each of them says, and no more ports and ranges than can be told apart.
func TestApplicationsAreBounded(t *testing.T) {
	apps := func(entries, ports int, more string) []byte {
		var b strings.Builder
		b.WriteString("applications:\n")
		for i := range entries {
			fmt.Fprintf(&b, "  - {name: a%d, ports: [", i)
			for j := range ports {
				fmt.Fprintf(&b, "%d,", 1+2*(i*ports+j))
			}
			fmt.Fprintf(&b, "]%s}\n", more)
		}
		return []byte(b.String())
	}
	for _, more := range []string{"", ", networks: 192.0.2.0/24"} {
		for _, tt := range []struct {
			entries, ports int
			want           string
		}{
			{2100, 2, ""},
			{MaxApplications, 1, ""},
			{MaxApplications, 2, ""},
			{MaxApplications + 5, 1, "a file may have at most 4096 applications"},
			{MaxApplications - 5, 3, "a file may have at most 8192 ports and ranges"},
		} {
			a, mistakes := parseApplications("applications.yml", apps(tt.entries, tt.ports, more))
			switch {
			case tt.want != "":
				if len(mistakes) != 1 || mistakes[0].Message != tt.want || mistakes[0].Line == 0 {
					t.Errorf("%d × %d%s: %v", tt.entries, tt.ports, more, mistakes)
				}
			case mistakes != nil:
				t.Errorf("%d × %d%s: %v", tt.entries, tt.ports, more, mistakes)
			default:
				last, server := 1+2*(tt.entries*tt.ports-1), netip.MustParseAddr("192.0.2.1")
				first, name := a.find(3, 1, server), a.find(3, uint16(last), server)
				if a.entries != tt.entries || string(first) != `"a0"` || string(name) != fmt.Sprintf(`"a%d"`, tt.entries-1) || a.find(3, uint16(last-1), server) != nil {
					t.Errorf("%d × %d%s: %d entries, first %s, last %s", tt.entries, tt.ports, more, a.entries, first, name)
				}
			}
		}
	}
}

func TestPortNamesDoNotWrap(t *testing.T) {
	p := newPortNames()
	p.names = make([][]byte, 1<<16)
	if p.set(0, 1, 1, "one more") || p.find(0, 1) != nil {
		t.Error("there is room for more names than there are numbers")
	}
}

// Tens of thousands of networks are found by their longest prefix.
func TestManyNetworks(t *testing.T) {
	var b strings.Builder
	b.WriteString("network,name\n10.0.0.0/8,all\n2001:db8::/32,six\n")
	for i := range 50_000 {
		fmt.Fprintf(&b, "10.%d.%d.%d/26,n%d\n", i>>10, i>>2&255, i&3<<6, i)
		fmt.Fprintf(&b, "2001:db8:%x::/48,s%d\n", i, i)
	}
	n, mistakes := parseNetworks("n.csv", []byte(b.String()))
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	if n.entries != 100_002 {
		t.Errorf("%d entries", n.entries)
	}
	for address, want := range map[string]string{
		"10.0.0.1": "n0", "10.0.0.70": "n1", "10.48.211.255": "n49999", "10.255.0.1": "all", "2001:db8:10::1": "s16", "2001:db8:ffff::1": "six", "192.0.2.1": "", "2001:db9::": "",
	} {
		got := ""
		if found := n.find(netip.MustParseAddr(address)); found != nil {
			got = found.Name
		}
		if got != want {
			t.Errorf("%s is in %q, want %q", address, got, want)
		}
	}
}

// The examples of the documentation are sound.
func TestDocumentedFiles(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "enrichment.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	blocks := strings.Split(string(page), "```")
	for i := 1; i < len(blocks); i += 2 {
		_, text, _ := strings.Cut(blocks[i], "\n")
		title, _, _ := strings.Cut(text, "\n")
		file := strings.TrimPrefix(title, "# ")
		kind, _, found := strings.Cut(file, ".")
		check := checks[kind]
		if check == nil || !found {
			continue
		}
		seen[file]++
		if mistakes := check(file, []byte(text)); mistakes != nil {
			t.Errorf("%v", mistakes)
		}
	}
	for _, file := range []string{"networks.yml", "networks.csv", "exporters.yml", "applications.yml", "as.yml", "as.csv"} {
		if seen[file] == 0 {
			t.Errorf("there is no example of %s", file)
		}
	}
}

func FuzzFiles(f *testing.F) {
	for _, data := range []string{
		"networks:\n  - {network: 192.0.2.0/24, name: a, site: b, as: 1, as_name: x, latitude: 1, longitude: 2}\n", "network,name\n192.0.2.0/24,a\n",
		"exporters:\n  - {address: 192.0.2.1, name: a, interfaces: [{index: 1, name: b}]}\n", "number,name\n1,a\n",
		"applications:\n  - {name: a, ports: [1-9, 80], protocols: tcp, networks: [192.0.2.0/24]}\n", "autonomous_systems: [{number: 1, name: x}]\n", "a: &b [*b]",
	} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		for kind, check := range checks {
			for _, ending := range []string{".yml", ".csv"} {
				for _, mistake := range check(kind+ending, []byte(data)) {
					if mistake.Message == "" || mistake.File == "" {
						t.Errorf("%s%s: mistake %+v", kind, ending, mistake)
					}
				}
			}
		}
	})
}
