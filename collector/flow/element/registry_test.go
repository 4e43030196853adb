package element

import (
	"cmp"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func number32(enterprise uint32, id uint16) uint64 { return uint64(enterprise)<<16 | uint64(id) }

// TestTables: each table is sorted, and says who made the elements; every element has a name of letters and digits; what it is said to be
// the same as exists and can be encoded alike.
func TestTables(t *testing.T) {
	names, err := fs.Glob(files, "registry/*.csv")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d tables, %v", len(names), err)
	}
	spelling := regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]*$`)
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		table, source, err := parse(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(table) == 0 || source.Elements != len(table) || source.Document == "" {
			t.Errorf("%s has %d elements of %+v", name, len(table), source)
		}
		last := uint64(0)
		seen := map[fileName]bool{}
		for _, e := range table {
			at := number32(e.Enterprise, e.ID)
			if at <= last {
				t.Errorf("%s: %s is not in its order", name, e.number())
			}
			last = at
			unique := fileName{e.Enterprise, e.Name}
			if seen[unique] {
				t.Errorf("%s: enterprise %d has the name %s twice", name, e.Enterprise, e.Name)
			}
			seen[unique] = true
			if e.ID == 0 || e.Enterprise != 0 && e.ID >= 1<<15 {
				t.Errorf("%s: %s cannot be", name, e.number())
			}
			if !spelling.MatchString(e.Name) || len(e.Name) > MaxName || !strings.HasSuffix(name, "iana.csv") && !ValidName(e.Name) {
				t.Errorf("%s: %s has the name %q", name, e.number(), e.Name)
			}
			if e.SameAs == 0 {
				continue
			}
			same := Builtin().Lookup(0, e.SameAs)
			if same == nil || same.SameAs != 0 {
				t.Errorf("%s: %s is the same as %d, which is %v", name, e.Name, e.SameAs, same)
				continue
			}
			least, most := e.Type.Size()
			if sameLeast, sameMost := same.Type.Size(); least > sameMost || sameLeast > most || (e.Type == String) != (same.Type == String) {
				t.Errorf("%s: %s is %s, %s is %s", name, e.Name, e.Type, same.Name, same.Type)
			}
		}
	}
}

// TestBuiltin: what is asked by number and by name is what the list has, in order, each once.
func TestBuiltin(t *testing.T) {
	r := Builtin()
	var last *Element
	n := 0
	for e := range r.All() {
		if last != nil && cmp.Or(cmp.Compare(last.Enterprise, e.Enterprise), cmp.Compare(last.ID, e.ID)) >= 0 {
			t.Errorf("%s comes after %s", e.number(), last.number())
		}
		last = e
		n++
		if r.Lookup(e.Enterprise, e.ID) != e {
			t.Errorf("%s is not found by its number", e.number())
		}
		if found := r.ByName(e.Name); found == nil || found.Name != e.Name || found.Enterprise > e.Enterprise {
			t.Errorf("%s by its name %s is %v", e.number(), e.Name, found)
		}
	}
	listed := 0
	for _, s := range r.Sources() {
		listed += s.Elements
	}
	if listed < 2000 || n <= listed {
		t.Errorf("%d elements, %d of them in tables", n, listed)
	}
	if r.Sources()[0].Vendor != "IANA" {
		t.Errorf("the first table is of %s", r.Sources()[0].Vendor)
	}
}

func TestLookup(t *testing.T) {
	for _, test := range []struct {
		enterprise uint32
		id         uint16
		want       Element
	}{
		{0, 1, Element{Name: "octetDeltaCount", Type: Unsigned64}},
		{0, 34, Element{Name: "samplingInterval", Type: Unsigned32}}, // deprecated, and sent all the same
		{0, 533, Element{Name: "pathDelaySumDeltaMicroseconds", Type: Unsigned64}},
		{29305, 1, Element{Name: "reverseOctetDeltaCount", Type: Unsigned64}},
		{29305, 236, Element{Name: "reverseVRFname", Type: String}},
		{0, 33002, Element{Name: "firewallExtendedEvent", Type: Unsigned16}},
		{0, 40005, Element{Name: "fwEvent", Type: Unsigned8, SameAs: 233}},
		{0, 56701, Element{Name: "appId", Type: String, SameAs: 96}},
		{0, 57591, Element{Name: "l7ProtoName", Type: String, SameAs: 96}},
		{35632, 119, Element{Name: "l7ProtoName", Type: String, SameAs: 96}},
		{6871, 14, Element{Name: "initialTCPFlags", Type: Unsigned16}},
		{6871, 16398, Element{Name: "reverseInitialTCPFlags", Type: Unsigned16}}, // CERT IPFIX Registry, its example
		{9, 12235, Element{Name: "applicationHttpHost", Type: String}},
		{10704, 1, Element{Name: "timestamp", Type: DateTimeSeconds}},
	} {
		got := Builtin().Lookup(test.enterprise, test.id)
		test.want.Enterprise, test.want.ID = test.enterprise, test.id
		if got == nil || *got != test.want {
			t.Errorf("%d/%d is %+v, want %+v", test.enterprise, test.id, got, test.want)
		}
	}
	for _, none := range []number{{0, 0}, {0, 105}, {0, 65535}, {29305, 0}, {29305, 33002}, {64500, 1}, {1<<32 - 1, 1}} {
		if got := Builtin().Lookup(none.enterprise, none.id); got != nil {
			t.Errorf("%s is %+v", none, got)
		}
	}
	if e := Builtin().ByName("sourceIPv4Address"); e == nil || e.ID != 8 {
		t.Errorf("sourceIPv4Address is %v", e)
	}
	if e := Builtin().ByName("connectionId"); e == nil || e.Enterprise != 9 {
		t.Errorf("of several elements named connectionId, %v is taken", e)
	}
	if e := Builtin().ByName("none"); e != nil {
		t.Errorf("none is %v", e)
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	r := Builtin()
	if n := testing.AllocsPerRun(100, func() {
		if r.Lookup(0, 1) == nil || r.Lookup(29305, 1) == nil || r.Lookup(6871, 16398) == nil || r.Lookup(64500, 1) != nil {
			t.Fatal("not found")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestLoadNamesWhatIsWrong: a table that somebody edits by hand.
func TestLoadNamesWhatIsWrong(t *testing.T) {
	const head = "# Acme: its manual\nenterprise,id,name,type,same_as\n"
	for name, test := range map[string]struct{ table, want string }{
		"no head":       {"enterprise,id,name,type,same_as\n", `registry/a.csv: line 1 is "enterprise,id,name,type,same_as", not who`},
		"a column less": {head + "1,2,a,string\n", "registry/a.csv: record on line 3: wrong number of fields"},
		"enterprise":    {head + "x,2,a,string,\n", `registry/a.csv: x,2,a,string,: strconv.ParseUint: parsing "x"`},
		"id":            {head + "1,65536,a,string,\n", "registry/a.csv: 1,65536,a,string,: strconv.ParseUint"},
		"name":          {head + "1,2,,string,\n", "registry/a.csv: 1,2,,string,: no name"},
		"type":          {head + "1,2,a,text,\n", `registry/a.csv: 1,2,a,text,: unknown type "text"`},
		"same_as":       {head + "1,2,a,string,x\n", "registry/a.csv: 1,2,a,string,x: strconv.ParseUint"},
		"twice":         {head + "1,2,a,string,\n1,2,b,string,\n", "registry/a.csv: 1/2 is in registry/a.csv already"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(fstest.MapFS{"registry/a.csv": {Data: []byte(test.table)}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}
