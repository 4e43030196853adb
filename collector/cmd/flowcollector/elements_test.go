package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestElements(t *testing.T) {
	own := file(t, "elements.yml", "elements: [{enterprise: 64500, id: 12, name: acmeSessionId, type: unsigned32, same_as: flowId}]\n")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"by number": {
			[]string{"0/40000", "9/12235", "29305/1"},
			`ENTERPRISE/ID  NAME                    TYPE        SAME AS
0/40000        aaaUsername             string      userName
9/12235        applicationHttpHost     string
29305/1        reverseOctetDeltaCount  unsigned64
`,
		},
		"by a part of the name": {
			[]string{"WLANss"},
			"ENTERPRISE/ID  NAME             TYPE    SAME AS\n0/147          wlanSSID         string\n29305/147      reverseWlanSSID  string\n",
		},
		"as JSON": {
			[]string{"--json", "0/40000", "0/8"},
			`{"enterprise":0,"id":8,"name":"sourceIPv4Address","type":"ipv4Address"}
{"enterprise":0,"id":40000,"name":"aaaUsername","type":"string","same_as":"userName"}
`,
		},
		"of a file": {
			[]string{"--file", own, "acme"},
			"ENTERPRISE/ID  NAME           TYPE        SAME AS\n64500/12       acmeSessionId  unsigned32  flowId\n",
		},
		"a part and the whole": {
			[]string{"--json", "wlanSSI", "wlanSSID", "0/147"},
			`{"enterprise":0,"id":147,"name":"wlanSSID","type":"string"}
{"enterprise":29305,"id":147,"name":"reverseWlanSSID","type":"string"}
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, _, err := execute(t, append([]string{"elements"}, test.args...)...)
			if stdout != test.want || err != nil {
				t.Errorf("%v, got\n%s\nwant\n%s", err, stdout, test.want)
			}
		})
	}
}

func TestAllElements(t *testing.T) {
	stdout, _, err := execute(t, "elements", "--json")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) < 3000 {
		t.Errorf("%d elements", len(lines))
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Fatalf("no JSON: %s", line)
		}
	}
	text, _, err := execute(t, "elements")
	if got := strings.Count(text, "\n"); err != nil || got != len(lines)+1 {
		t.Errorf("%d lines of text, %v", got, err)
	}
}

func TestElementsErrors(t *testing.T) {
	bad := file(t, "bad.yml", "elements: [{id: 1, name: A}]\n")
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a misspelt name": {[]string{"octetDeltaCuont"}, `unknown element "octetDeltaCuont"; did you mean "octetDeltaCount"?`},
		"no such name":    {[]string{"zzzzzz"}, `unknown element "zzzzzz"`},
		"no such number":  {[]string{"64500/1"}, "unknown element 64500/1"},
		"two of them":     {[]string{"vlan", "64500/1", "0/0"}, "unknown element 64500/1\nunknown element 0/0"},
		"a bad file":      {[]string{"--file", bad}, bad + ": 3 mistakes"},
		"no file":         {[]string{"--file", "/nonexistent.yml"}, "unable to read the elements: open /nonexistent.yml: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, err := execute(t, append([]string{"elements"}, test.args...)...)
			if err == nil || err.Error() != test.want || stdout != "" {
				t.Errorf("%v, want %s; got %q", err, test.want, stdout)
			}
			if name == "a bad file" && !strings.Contains(stderr, bad+`: line 1, column 26: elements[0].name: "A" must be lower camel case`) {
				t.Errorf("the mistakes are not named: %s", stderr)
			}
		})
	}
}
