package element

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

const acme = `elements:
  - enterprise: 64500
    id: 12
    name: acmeSessionId
    type: unsigned32
    same_as: flowId
  - {enterprise: 0, id: 40100, name: acmeUser, type: string}
  - {enterprise: 0, id: 534, name: newElement, type: unsigned8}
  - {enterprise: 0, id: 1, name: bytes, type: unsigned64, replace: true}
`

func TestAdd(t *testing.T) {
	before := Builtin().Lookup(0, 1)
	r, err := Builtin().Add("acme.yml", []byte(acme))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Element{
		{64500, 12, "acmeSessionId", Unsigned32, 148, false},
		{0, 40100, "acmeUser", String, 0, false},
		{0, 534, "newElement", Unsigned8, 0, false},
		{29305, 534, "reverseNewElement", Unsigned8, 0, false}, // follows from it
		{0, 1, "bytes", Unsigned64, 0, false},
		{29305, 1, "reverseBytes", Unsigned64, 0, false},
		{0, 2, "packetDeltaCount", Unsigned64, 0, false},
		{6871, 16398, "reverseInitialTCPFlags", Unsigned16, 0, false},
	} {
		if got := r.Lookup(want.Enterprise, want.ID); got == nil || *got != want {
			t.Errorf("%s is %+v, want %+v", want.number(), got, want)
		}
		if got := r.ByName(want.Name); got == nil || *got != want {
			t.Errorf("%s is %+v, want %+v", want.Name, got, want)
		}
	}
	if e := r.ByName("reverseOctetDeltaCount"); e != nil && e.Enterprise == 29305 {
		t.Errorf("the replaced element is still there, reversed: %v", e)
	}
	if Builtin().Lookup(0, 1) != before || Builtin().Lookup(64500, 12) != nil {
		t.Error("the shared registry was changed")
	}
	n := 0
	for e := range r.All() {
		if r.Lookup(e.Enterprise, e.ID) != e {
			t.Errorf("%s is there twice", e.number())
		}
		n++
	}
	for range Builtin().All() {
		n--
	}
	if n != 4 {
		t.Errorf("%d elements more, want 4", n)
	}
}

func TestAddNothing(t *testing.T) {
	for _, data := range []string{"", "# nothing\n", "elements:\n", "elements: []\n", "{}\n"} {
		if r, err := Builtin().Add("x.yml", []byte(data)); err != nil || r.Lookup(0, 1) == nil {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// TestEveryMistakeAtOnce, where it stands.
func TestEveryMistakeAtOnce(t *testing.T) {
	types := "octetArray, unsigned8, unsigned16, unsigned32, unsigned64, unsigned256, signed8, signed16, signed32, signed64, float32, float64, boolean, " +
		"macAddress, string, dateTimeSeconds, dateTimeMilliseconds, dateTimeMicroseconds, dateTimeNanoseconds, ipv4Address, ipv6Address, basicList, " +
		"subTemplateList, subTemplateMultiList"
	entry := func(id, name string) string {
		return "  - {enterprise: 64500, id: " + id + ", name: " + name + ", type: string"
	}
	for name, test := range map[string]struct{ data, want string }{
		"several": {
			"elements:\n  - enterprise: 64500\n    id: 40000\n    nam: acme\n    type: uint32\n  - id: 5\n    name: Acme Session\n",
			`x.yml: line 2, column 5: elements[0]: name is missing
x.yml: line 3, column 9: elements[0].id: "40000" must be a number from 1 to 32767: only NetFlow v9 has field types above, of enterprise 0
x.yml: line 4, column 5: elements[0]: unknown key "nam"; did you mean "name"?
x.yml: line 5, column 11: elements[0].type: unknown type "uint32"; must be one of ` + types + `
x.yml: line 6, column 5: elements[1]: enterprise is missing
x.yml: line 6, column 5: elements[1]: type is missing
x.yml: line 7, column 11: elements[1].name: "Acme Session" must be lower camel case, letters and digits, at most 128`,
		},
		"another key":     {"element: []\n", `x.yml: line 1, column 1: unknown key "element"; did you mean "elements"?`},
		"a key twice":     {"elements: []\nelements: []\n", "x.yml: line 2, column 1: elements is there twice"},
		"no list":         {"elements: 1\n", "x.yml: line 1, column 11: elements: must be a list"},
		"no mapping":      {"- 1\n", "x.yml: line 1, column 1: must have elements below it"},
		"a plain element": {"elements: [a]\n", "x.yml: line 1, column 12: elements[0]: must have enterprise, id, name, type, same_as, replace below it"},
		"no value":        {"elements:\n" + entry("1", "a") + ", same_as: }\n", "x.yml: line 2, column 64: elements[0].same_as: needs a value"},
		"a list of names": {"elements:\n" + entry("1", "[a]") + "}\n", "x.yml: line 2, column 38: elements[0].name: must be a plain value"},
		"id 0":            {"elements:\n" + entry("0", "a") + "}\n", `x.yml: line 2, column 29: elements[0].id: "0" must be a number from 1 to 32767`},
		"id of NetFlow":   {"elements: [{enterprise: 0, id: 65536, name: a, type: string}]\n", `x.yml: line 1, column 32: elements[0].id: "65536" must be a number from 1 to 65535`},
		"enterprise":      {"elements: [{enterprise: 4294967296, id: 1, name: a, type: string}]\n", `x.yml: line 1, column 25: elements[0].enterprise: "4294967296" must be a number from 0 to 4294967295`},
		"not a number":    {"elements: [{enterprise: acme, id: 1, name: a, type: string}]\n", `x.yml: line 1, column 25: elements[0].enterprise: "acme" must be a number from 0 to 4294967295`},
		"same_as":         {"elements:\n" + entry("1", "a") + ", same_as: aplicationName}\n", `x.yml: line 2, column 64: elements[0].same_as: unknown IANA element "aplicationName"; did you mean "applicationName"?`},
		"of a vendor":     {"elements:\n" + entry("1", "a") + ", same_as: aaaUsername}\n", `x.yml: line 2, column 64: elements[0].same_as: aaaUsername is 0/40000, not an element of IANA`},
		"encoding":        {"elements: [{enterprise: 1, id: 1, name: a, type: unsigned8, same_as: sourceIPv6Address}]\n", "x.yml: line 1, column 70: elements[0].same_as: sourceIPv6Address is ipv6Address, which is not encoded like unsigned8"},
		"replace":         {"elements:\n" + entry("1", "a") + ", replace: yes}\n", "x.yml: line 2, column 64: elements[0].replace: must be true or false"},
		"twice":           {"elements:\n" + entry("1", "a") + "}\n" + entry("1", "b") + "}\n", "x.yml: line 3, column 5: elements[1]: element 64500/1 is there twice, first in line 2"},
		"a name twice":    {"elements:\n" + entry("1", "a") + "}\n" + entry("2", "a") + "}\n", "x.yml: line 3, column 5: elements[1]: enterprise 64500 has the name a twice, first in line 2"},
		"known":           {"elements: [{enterprise: 0, id: 8, name: a, type: ipv4Address}]\n", "x.yml: line 1, column 12: elements[0]: element 0/8 is known already: sourceIPv4Address, ipv4Address; say replace: true to have this one instead"},
		"known, reversed": {"elements: [{enterprise: 29305, id: 8, name: a, type: ipv4Address}]\n", "x.yml: line 1, column 12: elements[0]: element 29305/8 is known already: reverseSourceIPv4Address, ipv4Address; say replace: true to have this one instead"},
		"an alias":        {"elements:\n  - &a {enterprise: 64500, id: 1, name: a, type: string}\n  - *a\n", "x.yml: line 3, column 5: elements[1]: YAML aliases are not supported"},
		"an aliased list": {"elements: &a []\n# \n? *a\n: 1\n", `x.yml: line 3, column 3: unknown key "a"`},
		"no YAML":         {"elements: [\n", "x.yml: line 1: not YAML: did not find expected node content"},
		"too large":       {strings.Repeat("#", MaxFileSize+1), "x.yml: the file has 1048577 octets; it may have at most 1048576"},
		"too many":        {"elements: [" + strings.Repeat("1,", MaxFileElements) + "1]\n", "x.yml: line 1, column 11: elements: there are 4097 of them; a file may have at most 4096"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Builtin().Add("x.yml", []byte(test.data))
			if err == nil || err.Error() != test.want {
				t.Errorf("got\n%v\nwant\n%s", err, test.want)
			}
			if r != nil {
				t.Error("there is a registry all the same")
			}
			var mistakes yamlfile.Errors
			if !errors.As(err, &mistakes) {
				t.Errorf("the error is a %T", err)
			}
		})
	}
}

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"octetDeltaCount": true, "a": true, "dot1qVlanId": true, strings.Repeat("a", MaxName): true,
		"": false, "A": false, "1a": false, "a b": false, "a.b": false, "a-b": false, "ä": false, "aä": false, "a\x00": false, strings.Repeat("a", MaxName+1): false,
	} {
		if got := ValidName(name); got != want {
			t.Errorf("%q is %v", name, got)
		}
	}
}

// FuzzAdd: whatever is in the file, there is a registry or there are mistakes, each with the name of the file; and a registry finds what it
// lists.
func FuzzAdd(f *testing.F) {
	for _, seed := range []string{
		acme, "", "elements:\n", "elements: [\n", "elements: [1, {}, {id: 0}, &a b, *a]\n", "- 1\n", "a: 1\n---\nb: 2\n",
		"elements: [{enterprise: 6871, id: 1, name: x, type: basicList}]\n", "elements: [{enterprise: 29305, id: 1, name: x, type: string, replace: true}]\n",
	} {
		f.Add([]byte(seed))
	}
	builtin := Builtin()
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := builtin.Add("x.yml", data)
		if err == nil {
			for e := range r.All() {
				if r.Lookup(e.Enterprise, e.ID) != e || r.ByName(e.Name) == nil {
					t.Fatalf("%s is listed and not found", e.number())
				}
			}
			return
		}
		var mistakes yamlfile.Errors
		if !errors.As(err, &mistakes) || len(mistakes) == 0 || r != nil {
			t.Fatalf("%v, %v", r, err)
		}
		for _, m := range mistakes {
			if !strings.HasPrefix(m.Error(), "x.yml: ") || m.Message == "" {
				t.Fatal(m)
			}
		}
	})
}

func ExampleRegistry_Add() {
	r, err := Builtin().Add("elements.yml", []byte("elements: [{enterprise: 64500, id: 12, name: acmeSessionId, type: unsigned32}]"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Lookup(64500, 12).Name)
	// Output: acmeSessionId
}
