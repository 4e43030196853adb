package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSample: both of IANA's forms, from a file and from a server, give the same table.
func TestSample(t *testing.T) {
	want, err := os.ReadFile("testdata/sample.want")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir("testdata")))
	defer server.Close()
	for _, source := range []string{"testdata/sample.xml", "testdata/sample.csv", server.URL + "/sample.xml"} {
		table := filepath.Join(t.TempDir(), "iana.csv")
		if err := run(source, table); err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s gives\n%s", source, got)
		}
	}
}

// TestRefused: a source that is not what it should be leaves the table as it was.
func TestRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	xml := func(records string) string {
		return "<registry><updated>2026-01-02</updated><registry id='ipfix-information-elements'>" + records + "</registry></registry>"
	}
	entry := func(id, name, kind string) string {
		return "<record><name>" + name + "</name><elementId>" + id + "</elementId><dataType>" + kind + "</dataType></record>"
	}
	for name, test := range map[string]struct{ source, want string }{
		"no XML":         {"<registry>", "unexpected EOF"},
		"no elements":    {xml(""), "there are no information elements in it"},
		"no date":        {"<registry/>", "it does not say when it was updated"},
		"a number":       {xml(entry("40000", "a", "string")), `element "a" has the number "40000"`},
		"a range":        {xml(entry("1-2", "a", "string")), `element "a" has the number "1-2"`},
		"a type":         {xml(entry("1", "a", "text")), `element 1 has the unknown type "text"`},
		"a name":         {xml(entry("1", "a,b", "string")), `element 1 has the name "a,b"`},
		"twice":          {xml(entry("1", "a", "string") + entry("1", "b", "string")), "element 1 is there twice"},
		"another CSV":    {"a,b\n1,2\n", `it has no column "ElementID"`},
		"an empty file":  {"", "it is empty"},
		"an answer":      {server.URL, "answered 404 Not Found"},
		"no such source": {"testdata/none.xml", "unable to read the registry"},
	} {
		t.Run(name, func(t *testing.T) {
			source := test.source
			if !strings.HasPrefix(source, "http") && !strings.HasPrefix(source, "testdata") {
				source = filepath.Join(t.TempDir(), "source")
				if err := os.WriteFile(source, []byte(test.source), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			table := filepath.Join(t.TempDir(), "iana.csv")
			if err := os.WriteFile(table, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := run(source, table); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
			if got, err := os.ReadFile(table); err != nil || string(got) != "old" {
				t.Errorf("the table is %q, %v", got, err)
			}
		})
	}
}
