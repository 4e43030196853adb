package host

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// words is a format of lines NAME=VALUE.
type words struct{}

func (words) Facts(content []byte) (map[string]string, error) {
	if string(content) == "broken" {
		return nil, errors.New("no listing")
	}
	return map[string]string{"flows": string(content)}, nil
}

func TestNftTable(t *testing.T) {
	table := NftTable{Family: "inet", Name: "flowstack", File: "/etc/flowstack/table.nft", Want: map[string]string{"flows": "192.0.2.0/24"}, Format: words{}}
	if err := table.validate(); err != nil {
		t.Error(err)
	}
	const there, flows = "table inet flowstack", "table inet flowstack: flows"
	if diff := cmp.Diff(Facts{there: Present, flows: "192.0.2.0/24"}, table.want()); diff != "" {
		t.Error(diff)
	}
	listing := func(text string) answer { return answer{values: []value{{"table", []byte(text)}}} }
	for name, c := range map[string]struct {
		answer answer
		want   Facts
		failed bool
	}{
		"absent":         {answer: answer{values: []value{{name: "absent"}}}, want: Facts{there: Absent, flows: Absent}},
		"there":          {answer: listing("0.0.0.0/0"), want: Facts{there: Present, flows: "0.0.0.0/0"}},
		"not understood": {answer: listing("broken"), failed: true},
		"could not tell": {answer: answer{failed: "nft: operation not permitted"}, failed: true},
		"nothing in it":  {answer: listing(""), want: Facts{there: Present, flows: ""}},
	} {
		got, err := table.observe(c.answer)
		if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != c.failed {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if left := table.left(Facts{there: Present}, Before{}); !slices.Equal(left, []string{there + " is still there"}) {
		t.Errorf("after the removal: %q", left)
	}
	if left := table.left(Facts{there: Absent}, Before{}); len(left) > 0 {
		t.Errorf("after the removal: %q", left)
	}
}

func TestNftTableIsRefused(t *testing.T) {
	good := NftTable{Family: "ip6", Name: "a_1", File: "/etc/a", Format: words{}}
	for name, change := range map[string]func(*NftTable){
		"family":         func(n *NftTable) { n.Family = "ipx" },
		"name":           func(n *NftTable) { n.Name = "a; flush ruleset" },
		"no name":        func(n *NftTable) { n.Name = "" },
		"relative file":  func(n *NftTable) { n.File = "a.nft" },
		"without format": func(n *NftTable) { n.Format = nil },
	} {
		table := good
		change(&table)
		if err := table.validate(); err == nil {
			t.Errorf("%s: %+v is accepted", name, table)
		}
	}
	if err := good.validate(); err != nil {
		t.Error(err)
	}
}

// TestOtherFirewalls: who else filters packets is a note, not drift.
func TestOtherFirewalls(t *testing.T) {
	notes := NftTable{}.note(answer{values: []value{
		{"manager", []byte("ufw")}, {"dropping", []byte("inet filter input")}, {"manager", []byte("firewalld")}, {name: "absent"},
	}})
	programs, chains := Observation{Notes: notes}.OtherFirewalls()
	if !slices.Equal(programs, []string{"firewalld", "ufw"}) || !slices.Equal(chains, []string{"inet filter input"}) {
		t.Errorf("%q and %q", programs, chains)
	}
}
