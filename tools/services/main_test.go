package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSample(t *testing.T) {
	want, err := os.ReadFile("testdata/sample.want")
	if err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(t.TempDir(), "services.csv")
	if err := run("testdata/sample.csv", table); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got\n%s", got)
	}
}

// A source that is not what it should be leaves the table as it was.
func TestRefused(t *testing.T) {
	const header = "Service Name,Port Number,Transport Protocol,Description,Assignee,Contact,Registration Date,Modification Date,Reference,Service Code,Unauthorized Use Reported,Assignment Notes\n"
	for name, test := range map[string]struct{ source, want string }{
		"another table": {"a,b\n1,2\n", "it begins with the columns"},
		"no services":   {header, "there are no services in it"},
		"a port":        {header + "x,http,tcp,,,,,,,,,\n", `service "x" has the port "http"`},
		"a high port":   {header + "x,50000,tcp,,,,,,,,,\n", `service "x" has the port "50000"`},
		"a short line":  {header + "x,80\n", "wrong number of fields"},
	} {
		dir := t.TempDir()
		source, table := filepath.Join(dir, "source.csv"), filepath.Join(dir, "table.csv")
		if err := os.WriteFile(source, []byte(test.source), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(source, table); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
		if _, err := os.Stat(table); err == nil {
			t.Errorf("%s: a table was written", name)
		}
	}
}
