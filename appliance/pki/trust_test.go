package pki

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBehind: a file that has the old generation has to have the next one, too; one that has neither is somebody else's business.
func TestBehind(t *testing.T) {
	a, b, foreign := newAuthority(t, "a", day), newAuthority(t, "b", day), newAuthority(t, "foreign", day)
	old, next := Generation{Number: 1, Certificate: EncodeChain(a.Chain...)}, Generation{Number: 2, Certificate: EncodeChain(b.Chain...)}
	folder := t.TempDir()
	for name, content := range map[string][]byte{
		"old.crt": old.Certificate, "both.crt": slices.Concat(old.Certificate, next.Certificate), "foreign.crt": EncodeChain(foreign.Chain...),
		"garbage.crt": []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := program{settings: filepath.Join(folder, "program.yml")}
	for name, c := range map[string]struct{ settings, want string }{
		"nothing of its own": {"cluster.name: flows\n", ""},
		"both":               {"output: {elasticsearch: {ca_file: both.crt}}\n", ""},
		"somebody else's":    {"output.elasticsearch.ca_file: foreign.crt\n", ""},
		"no certificate":     {"output.elasticsearch.ca_file: garbage.crt\n", ""},
		"one that is gone":   {"output.elasticsearch.ca_file: gone.crt\n", ""},
		"the old one alone": {
			"output.elasticsearch.ca_file: old.crt\n",
			filepath.Join(folder, "old.crt") + " (output.elasticsearch.ca_file of " + p.settings + ") lacks the certificate of generation 2",
		},
		"the second of a list": {
			"elasticsearch.ssl.certificateAuthorities: [both.crt, " + filepath.Join(folder, "old.crt") + "]\n",
			filepath.Join(folder, "old.crt") + " (elasticsearch.ssl.certificateAuthorities of " + p.settings + ") lacks the certificate of generation 2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			behind, err := p.behind(t.Context(), here{}, c.settings, old, next)
			if got := strings.Join(behind, "\n"); err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
	if _, err := p.behind(t.Context(), here{}, "a: [\n", old, next); err == nil {
		t.Error("settings that cannot be read are taken for some that trust nobody")
	}
}
