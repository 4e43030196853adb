package flowcollector

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
)

// lines is a format with one setting: the whole content.
type lines struct{}

func (lines) Facts(content []byte) (map[string]string, error) {
	return map[string]string{"output.elasticsearch.index": string(content)}, nil
}

func spec(t *testing.T) Spec {
	t.Helper()
	return Spec{
		Version: "0.1.0", Packages: map[string][]byte{"amd64": {1}},
		Settings: []byte("flows"), SettingsFormat: lines{},
		Credentials: map[string]Credential{
			ElasticsearchPassword: {Content: []byte("hunter2"), Revision: "3"},
			"another":             {Content: []byte("hunter3"), Revision: "4"},
		},
		CertificateAuthority: authority(t),
	}
}

// authority makes the same certificate each time: Ed25519 signatures are deterministic.
func authority(t *testing.T) []byte {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "flowstack test"},
		NotAfter: time.Date(2049, 12, 31, 0, 0, 0, 0, time.UTC), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestDesired(t *testing.T) {
	desired := Desired(spec(t))
	if err := desired.Validate(); err != nil {
		t.Fatal(err)
	}
	certificates, err := pki.BundleFormat{}.Facts(authority(t))
	if err != nil || !strings.HasPrefix(certificates["certificate 1"], "CN=flowstack test, until 2049-12-31, SHA-256 ") {
		t.Fatalf("certificates %v, %v", certificates, err)
	}
	want := host.Facts{
		"package flowcollector":                                                                       "0.1.0",
		"directory /etc/flowcollector":                                                                "present",
		"directory /etc/flowcollector: mode":                                                          "0755",
		"directory /etc/flowcollector: owner":                                                         "root:root",
		"directory /etc/flowcollector/credentials":                                                    "present",
		"directory /etc/flowcollector/credentials: mode":                                              "0700",
		"directory /etc/flowcollector/credentials: owner":                                             "root:root",
		"file /etc/flowcollector/credentials/another":                                                 "present",
		"file /etc/flowcollector/credentials/another: content":                                        "4",
		"file /etc/flowcollector/credentials/another: mode":                                           "0600",
		"file /etc/flowcollector/credentials/another: owner":                                          "root:root",
		"file /etc/flowcollector/credentials/elasticsearch-password":                                  "present",
		"file /etc/flowcollector/credentials/elasticsearch-password: content":                         "3",
		"file /etc/flowcollector/credentials/elasticsearch-password: mode":                            "0600",
		"file /etc/flowcollector/credentials/elasticsearch-password: owner":                           "root:root",
		"directory /etc/systemd/system/flowcollector.service.d":                                       "present",
		"directory /etc/systemd/system/flowcollector.service.d: mode":                                 "0755",
		"directory /etc/systemd/system/flowcollector.service.d: owner":                                "root:root",
		"file /etc/systemd/system/flowcollector.service.d/credentials.conf":                           "present",
		"file /etc/systemd/system/flowcollector.service.d/credentials.conf: mode":                     "0644",
		"file /etc/systemd/system/flowcollector.service.d/credentials.conf: owner":                    "root:root",
		"file /etc/systemd/system/flowcollector.service.d/credentials.conf: [Service] LoadCredential": "another:/etc/flowcollector/credentials/another; elasticsearch-password:/etc/flowcollector/credentials/elasticsearch-password",
		"file /etc/flowcollector/flowcollector.yml":                                                   "present",
		"file /etc/flowcollector/flowcollector.yml: mode":                                             "0644",
		"file /etc/flowcollector/flowcollector.yml: owner":                                            "root:root",
		"file /etc/flowcollector/flowcollector.yml: output.elasticsearch.index":                       "flows",
		"file /etc/flowcollector/elasticsearch-ca.crt":                                                "present",
		"file /etc/flowcollector/elasticsearch-ca.crt: mode":                                          "0644",
		"file /etc/flowcollector/elasticsearch-ca.crt: owner":                                         "root:root",
		"file /etc/flowcollector/elasticsearch-ca.crt: certificate 1":                                 certificates["certificate 1"],
		"unit flowcollector.service: enabled":                                                         "enabled",
		"unit flowcollector.service: active":                                                          "active",
		"unit flowcollector.service: configuration":                                                   "current",
	}
	if diff := cmp.Diff(want, desired.Facts()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(desired.Facts(), Desired(spec(t)).Facts()); diff != "" {
		t.Errorf("not repeatable: %s", diff)
	}
}

// TestOrder: what a later step needs comes before it.
func TestOrder(t *testing.T) {
	desired := Desired(spec(t))
	at := map[string]int{}
	for i, item := range desired {
		at[item.ID()] = i
	}
	order := []string{
		"package flowcollector", "directory /etc/flowcollector", "directory /etc/flowcollector/credentials",
		"file /etc/flowcollector/credentials/elasticsearch-password", "directory /etc/systemd/system/flowcollector.service.d",
		"file /etc/systemd/system/flowcollector.service.d/credentials.conf", "file /etc/flowcollector/flowcollector.yml",
		"unit flowcollector.service",
	}
	for i := 1; i < len(order); i++ {
		if at[order[i-1]] >= at[order[i]] {
			t.Errorf("%s comes after %s", order[i-1], order[i])
		}
	}
	unit, ok := desired[len(desired)-1].(host.Unit)
	if want := []string{SettingsPath, CertificateAuthorityPath, CredentialPath("another"), CredentialPath(ElasticsearchPassword)}; !ok || !cmp.Equal(unit.Inputs, want) {
		t.Errorf("inputs %q", unit.Inputs)
	}
	settings, ok := desired[len(desired)-2].(host.File)
	if !ok || !cmp.Equal(settings.Validate, []string{Program, "check", "{}"}) {
		t.Errorf("settings are validated by %q", settings.Validate)
	}
}

func TestWithoutCredentials(t *testing.T) {
	bare := spec(t)
	bare.Credentials, bare.CertificateAuthority = nil, nil
	desired := Desired(bare)
	if len(desired) != 4 {
		t.Errorf("%d items", len(desired))
	}
	// Going from one to the other, credentials, drop-in their directories and the certificate have to go.
	if got := Desired(spec(t)).Without(desired); len(got) != 6 {
		t.Errorf("%d items have to go", len(got))
	}
}

func TestBadCredentialName(t *testing.T) {
	for _, name := range []string{"", "..", "a/b", "a:b", "a b", "a\nb", "a%b"} {
		bad := spec(t)
		bad.Credentials = map[string]Credential{name: {Content: []byte("x")}}
		if err := bad.Validate(); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
	if err := spec(t).Validate(); err != nil {
		t.Error(err)
	}
}
