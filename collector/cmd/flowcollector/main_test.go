package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func execute(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, problems bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetErr(&problems)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), problems.String(), err
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckNamesEveryMistake(t *testing.T) {
	bad := file(t, "bad.yml", "log:\n  level: loud\nexporters:\n  mx: 1\n")
	_, stderr, err := execute(t, "check", bad)
	if err == nil || err.Error() != bad+": 2 mistakes" {
		t.Errorf("error %v", err)
	}
	for _, want := range []string{bad + ": line 2, column 10: log.level:", `line 4, column 3: unknown setting "exporters.mx"; did you mean "exporters.max"?`} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is missing in:\n%s", want, stderr)
		}
	}
}

func TestCheckNamesTheSettingOfTheElements(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent.yml")
	settings := file(t, "settings.yml", "decode:\n  elements_file: "+absent+"\n")
	_, stderr, err := execute(t, "check", settings)
	if want := settings + ": decode.elements_file: unable to read the elements: open " + absent; err == nil || err.Error() != settings+": 1 mistake" || !strings.Contains(stderr, want) {
		t.Errorf("error %v, %s", err, stderr)
	}
	own := file(t, "elements.yml", "elements: 7\n")
	settings = file(t, "settings.yml", "decode:\n  elements_file: "+own+"\n")
	_, stderr, err = execute(t, "check", settings)
	if err == nil || err.Error() != settings+": 1 mistake" || !strings.Contains(stderr, own+": line 1, column 11: elements: must be a list") {
		t.Errorf("error %v, %s", err, stderr)
	}
}

func TestCheckReadsTheFilesOfEnrichment(t *testing.T) {
	networks := file(t, "networks.csv", "network,name\n10.0.0.0/33,office\n")
	secrets := file(t, "snmp.yml", "credentials: []\n")
	settings := file(t, "settings.yml", "enrich:\n  networks_file: "+networks+"\n  snmp:\n    credentials_file: "+secrets+"\n")
	_, stderr, err := execute(t, "check", settings)
	if err == nil || err.Error() != settings+": 1 mistake" || !strings.Contains(stderr, networks+": line 2, column 1: ") {
		t.Errorf("error %v, %s", err, stderr)
	}
	// Also beside mistakes of the settings themselves, which are counted together.
	settings = file(t, "settings.yml", "log: {levle: info}\nenrich: {networks_file: "+networks+"}\n")
	if _, stderr, err = execute(t, "check", settings); err == nil || err.Error() != settings+": 2 mistakes" || !strings.Contains(stderr, "line 1, column 7: ") || !strings.Contains(stderr, networks+": line 2, column 1: ") {
		t.Errorf("error %v, %s", err, stderr)
	}
	as := filepath.Join(t.TempDir(), "as.csv")
	settings = file(t, "settings.yml", "enrich: {as_file: "+as+"}\n")
	if _, stderr, err = execute(t, "check", settings); err == nil || !strings.Contains(stderr, settings+": enrich.as_file: "+as+": no such file") {
		t.Errorf("error %v", err)
	}
}

func TestReplayTakesSettings(t *testing.T) {
	capture := filepath.FromSlash("../../testdata/handmade/netflow5-sampled.pcap")
	settings := file(t, "settings.yml", "document:\n  profile: lean\n  without: [source.port]\n")
	stdout, _, err := execute(t, "replay", "--config", settings, capture)
	if err != nil || !strings.Contains(stdout, `"destination"`) || strings.Contains(stdout, "community_id") || strings.Contains(stdout, `"source":{"ip":"198.51.100.1","port"`) {
		t.Errorf("got %q, %v", stdout, err)
	}
	bad := file(t, "settings.yml", "document: {profile: fat}\n")
	if _, stderr, err := execute(t, "replay", "--config", bad, capture); err == nil || !strings.Contains(stderr, "document.profile") {
		t.Errorf("error %v, %s", err, stderr)
	}
}

// TestCheckLooksForCertificatesAndSecrets: the service does not start without them.
func TestCheckLooksForCertificatesAndSecrets(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	text := file(t, "text", "no certificate\n")
	empty := file(t, "empty", "\n")
	for settings, want := range map[string]string{
		"ca_file: " + none:                         "output.elasticsearch.ca_file: open " + none + ": no such file or directory",
		"ca_file: " + text:                         "output.elasticsearch.ca_file: there is no PEM certificate in " + text,
		"username: x\n    password_file: " + none:  "output.elasticsearch.password_file: open " + none,
		"username: x\n    password_file: " + empty: "output.elasticsearch.password_file: there is nothing in " + empty,
		"client_certificate_file: " + text + "\n    client_key_file: " + text:       "output.elasticsearch.client_certificate_file: tls: failed to find any PEM data",
		"username: x\n    password_file: /run/credentials/flowcollector.service/es": "",
	} {
		name := file(t, "flowcollector.yml", "output:\n  elasticsearch:\n    addresses: [\"https://127.0.0.1:9200\"]\n    "+settings+"\n")
		switch _, stderr, err := execute(t, "check", name); {
		case want == "" && err != nil:
			t.Errorf("%s: %v", settings, err)
		case want != "" && (err == nil || !strings.Contains(stderr, want)):
			t.Errorf("%s: %v, %s, want %q", settings, err, stderr, want)
		}
	}
}

func TestCheckPrintsWhatIsInForce(t *testing.T) {
	good := file(t, "good.yml", "log:\n  level: debug\n")
	if stdout, _, err := execute(t, "check", good); err != nil || !strings.Contains(stdout, "settings are valid") {
		t.Errorf("got %q, %v", stdout, err)
	}
	stdout, _, err := execute(t, "check", "--print-effective", good)
	if err != nil || !strings.Contains(stdout, "level: debug") || !strings.Contains(stdout, "buffer_bytes: 64MiB") {
		t.Errorf("got %q, %v", stdout, err)
	}
	for _, flag := range []string{"-c", "--config"} {
		if stdout, _, err := execute(t, "check", flag, good); err != nil || stdout != good+": settings are valid\n" {
			t.Errorf("%s: got %q, %v", flag, stdout, err)
		}
		if _, _, err := execute(t, "check", flag, good, good); err == nil || !strings.Contains(err.Error(), "name the file once") {
			t.Errorf("%s and FILE: error %v", flag, err)
		}
	}
	if _, _, err := execute(t, "check", "/nonexistent.yml"); err == nil || !strings.Contains(err.Error(), "unable to read the settings: open /nonexistent.yml") {
		t.Errorf("error %v", err)
	}
}

func TestReplayFailsOnPacketsItCannotDecode(t *testing.T) {
	bad := file(t, "bad.dat", "\x00\x05")
	stdout, stderr, err := execute(t, "replay", bad)
	if err == nil || stdout != "" || !strings.Contains(stderr, bad+", packet 1: NetFlow v5 packet, offset 2: the header needs 24 octets") {
		t.Errorf("got %q, %q, %v", stdout, stderr, err)
	}
	if _, _, err := execute(t, "replay", "--lenient", bad); err != nil {
		t.Errorf("lenient: %v", err)
	}
	if _, _, err := execute(t, "replay", "--exporter", "router", bad); err == nil || !strings.Contains(err.Error(), "--exporter") {
		t.Errorf("error %v", err)
	}
}

func TestRunRefusesBadSettings(t *testing.T) {
	bad := file(t, "bad.yml", "listen: {udp: []}\n")
	if _, _, err := execute(t, "run", "--config", bad); err == nil || !strings.Contains(err.Error(), "listen.udp: needs at least one address") {
		t.Errorf("error %v", err)
	}
}

func TestVersionAndHelp(t *testing.T) {
	if stdout, _, err := execute(t, "version"); err != nil || !strings.HasPrefix(stdout, "flowcollector ") {
		t.Errorf("got %q, %v", stdout, err)
	}
	stdout, _, err := execute(t, "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"run", "check", "setup", "replay", "elements", "exporter-config", "flows", "version", "completion"} {
		if !strings.Contains(stdout, "\n  "+name+" ") {
			t.Errorf("the help has no %s:\n%s", name, stdout)
		}
	}
}
