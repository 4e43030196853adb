package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImport(t *testing.T) {
	dir := t.TempDir()
	names := file(t, "netifs.yml", "192.0.2.1:\n  3: {ifName: eth0}\n")
	from := file(t, "flowcoll.conf", "[Service]\nEnvironment=\"EF_FLOW_SERVER_UDP_PORT=2055\"\nEnvironment=\"EF_PROCESSOR_ENRICH_NETIF_METADATA_ENABLE=true\" EF_PROCESSOR_ENRICH_NETIF_METADATA_USERDEF_PATH="+names+"\n"+
		"Environment=EF_LOGGER_LEVEL=warn\nEnvironment=EF_OUTPUT_ELASTICSEARCH_ENABLE=true\nEnvironment=EF_OUTPUT_ELASTICSEARCH_PASSWORD=hunter2\n")
	to, report := filepath.Join(dir, "flowcollector.yml"), filepath.Join(dir, "report.json")
	args := []string{"import-elastiflow", "--strict", "--output", to, "--report", report, "--json", "--files", dir, from}
	stdout, stderr, err := execute(t, args...)
	if err != nil || stdout+stderr != "" {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	settings, _ := os.ReadFile(to)
	if !strings.Contains(string(settings), "\n  # EF_LOGGER_LEVEL, "+from+" line 4\n  level: warn\n") || !strings.Contains(string(settings), "exporters_file: "+dir+"/exporters.yml") {
		t.Errorf("settings:\n%s", settings)
	}
	if text, _ := os.ReadFile(report); !strings.Contains(string(text), `"elasticsearch-password"`) || strings.Contains(string(text)+string(settings), "hunter2") {
		t.Errorf("report:\n%s", text)
	}
	if stdout, stderr, err := execute(t, "check", to); err != nil {
		t.Errorf("the result is not valid: %v\n%s%s", err, stdout, stderr)
	}
	if _, _, err := execute(t, args...); err == nil || !strings.Contains(err.Error(), "is there already; --force writes over it") {
		t.Errorf("again: %v", err)
	}
	if _, _, err := execute(t, append(args, "--force")...); err != nil {
		t.Errorf("again with --force: %v", err)
	}
}

// TestImportWritesAllOrNothing: a file that is in the way does not leave others behind, so that a second try can succeed.
func TestImportWritesAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	names := file(t, "netifs.yml", "192.0.2.1:\n  3: {ifName: eth0}\n")
	from := file(t, "f.env", "EF_PROCESSOR_ENRICH_NETIF_METADATA_ENABLE=true\nEF_PROCESSOR_ENRICH_NETIF_METADATA_USERDEF_PATH="+names+"\n")
	to := filepath.Join(dir, "flowcollector.yml")
	if err := os.WriteFile(to, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"import-elastiflow", "--output", to, "--files", dir, from}
	if _, _, err := execute(t, args...); err == nil || !strings.Contains(err.Error(), to+" is there already") {
		t.Fatalf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "exporters.yml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("exporters.yml was written: %v", err)
	}
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	if _, _, err := execute(t, args...); err != nil {
		t.Errorf("the second try: %v", err)
	}
}

func TestImportStandardInput(t *testing.T) {
	cmd := root()
	var out, problems strings.Builder
	cmd.SetIn(strings.NewReader("EF_LOGGER_LEVEL: debug\n"))
	cmd.SetOut(&out)
	cmd.SetErr(&problems)
	cmd.SetArgs([]string{"import-elastiflow", "-"})
	if err := cmd.ExecuteContext(t.Context()); err != nil || !strings.Contains(out.String(), "level: debug") || !strings.Contains(problems.String(), "standard input:1: EF_LOGGER_LEVEL → log.level") {
		t.Errorf("%v\n%s%s", err, &out, &problems)
	}
}

func TestImportStatus(t *testing.T) {
	bad, lossy, value := file(t, "bad.env", "EF_A=1\nhunter2\n"), file(t, "lossy.env", "EF_NOTHING=hunter2\n"), file(t, "value.env", "EF_FLOW_SERVER_UDP_PORT=0\n")
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"a file that is not there": {[]string{bad + ".none"}, 1, "unable to read the settings of ElastiFlow: open "},
		"a bad line":               {[]string{bad}, 1, bad + ": line 2, column 1: not a setting"},
		"a bad value":              {[]string{value}, 1, value + ": line 1, column 1: EF_FLOW_SERVER_UDP_PORT"},
		"another format":           {[]string{"--format", "toml", lossy}, 1, `"toml" is not a format`},
		"nothing like it":          {[]string{lossy}, 0, lossy + ":1: EF_NOTHING"},
		"nothing like it, strict":  {[]string{"--strict", lossy}, 3, "settings without equivalent: 1"},
		"no file":                  {nil, 1, "requires at least 1 arg"},
	} {
		_, stderr, err := execute(t, append([]string{"import-elastiflow"}, c.args...)...)
		got := 0
		if err != nil {
			got = status(err)
			stderr += err.Error()
		}
		if got != c.status || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: status %d, %q; want %d, %q", name, got, stderr, c.status, c.want)
		}
	}
	if got := status(errors.New("anything")); got != 1 {
		t.Errorf("status %d", got)
	}
}
