package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// TestSupportBundleHasNoSecrets plants secrets in files that settings name and where texts could have taken them from.
func TestSupportBundleHasNoSecrets(t *testing.T) {
	const (
		password = "page-password-canary"
		key      = "api-key-canary"
		snmp     = "community-canary"
		inURL    = "url-password-canary"
	)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, given, _ := r.BasicAuth()
		if user != "operator" || given != password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "flowcollector_up 1\n# %s %s %s\nAuthorization: Basic b3BlcmF0b3I6c2VjcmV0\nhttps://elastic:%s@es.example:9200\n", password, key, snmp, inURL)
	}))
	t.Cleanup(server.Close)
	settings := file(t, "settings.yml", fmt.Sprintf(`http:
  address: %s
  username: operator
  password_file: %s
output:
  elasticsearch:
    addresses: ["https://es.example:9200"]
    api_key_file: %s
enrich:
  snmp:
    credentials_file: %s
# left here by somebody: password: %s
`, server.Listener.Addr(), file(t, "page", password+"\n"), file(t, "key", key), file(t, "snmp.yml", "- network: 192.0.2.0/24\n  community: "+snmp+"\n"), inURL))
	output := filepath.Join(t.TempDir(), "bundle.tar.gz")
	stdout, _, err := execute(t, "support-bundle", "--config", settings, "--output", output)
	if err != nil || stdout != output+"\n" {
		t.Fatalf("%q, %v", stdout, err)
	}
	if info, err := os.Stat(output); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	got := unpack(t, output)
	for name, text := range got {
		for _, secret := range []string{password, key, snmp, inURL, "b3BlcmF0b3I6c2VjcmV0"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %q in it:\n%s", name, secret, text)
			}
		}
	}
	for name, want := range map[string]string{
		"metrics.txt": "flowcollector_up 1", "settings.yml": "username: operator", "effective.yml": "receive_buffer", "version.txt": "flowcollector",
		"system.txt": "/proc/meminfo", "network.txt": "/proc/net/udp", "disks.txt": "Filesystem", "errors.txt": "",
	} {
		if text, there := got[name]; !there || !strings.Contains(text, want) {
			t.Errorf("%s: %q is missing in %q", name, want, text)
		}
	}
	if _, _, err := execute(t, "support-bundle", "--config", settings, "--output", output); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file that is there is written over: %v", err)
	}
}

// TestSupportBundleOfSettingsWithMistakes has secrets in the files of settings that cannot be read as settings, and in these settings themselves: without them
// known, nothing about the texts says that they are secret.
func TestSupportBundleOfSettingsWithMistakes(t *testing.T) {
	const canary = "mistaken canary"
	for mistake, text := range map[string]string{
		"an unknown setting":     "http:\n  password_file: %s\n  colour: blue # %s\n",
		"a misspelt name":        "http:\n  pasword_file: '%s'\n# %s\n",
		"no YAML":                "http: {password_file: %s, username: [\n# %s\n",
		"a secret in the middle": "http: {password_file: \"%s\", colour: %s}\n",
	} {
		secret := file(t, "a secret", canary+"\n")
		settings := file(t, "settings.yml", fmt.Sprintf(text, secret, canary)+"enrich: {snmp: {credentials_file: "+t.TempDir()+"}}\n")
		output := filepath.Join(t.TempDir(), "bundle.tar.gz")
		if _, _, err := execute(t, "support-bundle", "--config", settings, "--output", output); err != nil {
			t.Errorf("%s: %v", mistake, err)
			continue
		}
		got := unpack(t, output)
		if !strings.Contains(got["settings.yml"], secret) || !strings.Contains(got["errors.txt"], "settings.yml") {
			t.Errorf("%s: %q", mistake, got)
		}
		for name, text := range got {
			if strings.Contains(text, canary) {
				t.Errorf("%s: %s has the secret in it:\n%s", mistake, name, text)
			}
		}
	}
}

// unpack reads a bundle by the names of its files.
func unpack(t *testing.T, archive string) map[string]string {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for in := tar.NewReader(plain); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		all[path.Base(header.Name)] = string(content)
	}
}
