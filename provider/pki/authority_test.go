package pki_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	provider "github.com/flowstack/terraform-provider-flowstack/provider/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const authorityFolder = "/etc/flowstack/pki/default"

// pairMatches tells whether a host has a certificate whose key it has, with these modes.
func pairMatches(h *providertest.Host, certificate, key, mode string) error {
	content, ok := h.Read(certificate)
	if !ok {
		return fmt.Errorf("there is no %s", certificate)
	}
	chain, err := pki.ParseChain([]byte(content))
	if err != nil {
		return err
	}
	private, ok := h.Read(key)
	if !ok {
		return fmt.Errorf("there is no %s", key)
	}
	if !strings.HasPrefix(private, "-----BEGIN PRIVATE KEY-----\n") {
		return fmt.Errorf("%s is not PKCS #8: %.40q", key, private)
	}
	_, public, err := pki.NormalizeKey([]byte(private))
	if err != nil {
		return err
	}
	if !host.SameKey(chain[0].PublicKey, public) {
		return fmt.Errorf("%s is not for %s", certificate, key)
	}
	info, err := os.Stat(h.Path(key))
	if err != nil {
		return err
	}
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != mode {
		return fmt.Errorf("%s has mode %s, not %s", key, got, mode)
	}
	return nil
}

func TestAuthorityLife(t *testing.T) {
	h := providertest.StartHost(t, nil)
	certificate, key := authorityFolder+"/ca-1.crt", authorityFolder+"/ca-1.key"
	check := func() error { return pairMatches(h, certificate, key, "0600") }
	var good string
	providertest.Life{
		Host: h, Type: provider.AuthorityType,
		Body: "organization = \"Example\"", Changed: "organization = \"Example\"\nearly_renewal_days = 700",
		Check: check, CheckChanged: check,
		Drifts: []providertest.Drift{
			{
				Name: "the mode of the key", By: func() { must(t, os.Chmod(h.Path(key), 0o644)) },
				Fact: "key " + key + ": mode", From: "0644", To: "0600",
			},
			{
				Name: "the role", By: func() { h.Write(authorityFolder+"/generations", "1 previous\n") },
				Fact: "file " + authorityFolder + "/generations: generation 1", From: "previous", To: "signing",
			},
			{
				Name: "the certificate", By: func() {
					good, _ = h.Read(certificate)
					h.Remove(certificate)
				},
				Fact: "certificate " + certificate, From: "absent", To: "present",
			},
		},
		Vanish:   func() { must(t, os.RemoveAll(h.Path("/etc/flowstack"))) },
		ImportID: "flow1", Identity: map[string]string{"host": "flow1", "name": "default"},
		NotImported: []string{"validity_days", "early_renewal_days"},
		Secrets:     []string{"PRIVATE KEY-----\n"},
	}.Run(t)
	if chain, err := pki.ParseChain([]byte(good)); err != nil || chain[0].Subject.String() != "CN=flowstack authority default of flow1,O=Example" || !chain[0].IsCA {
		t.Errorf("the certificate was %v, %v", chain, err)
	}
}

// TestAuthorityWithoutItsKey: what signed all certificates cannot be made again, and the error says what to do.
func TestAuthorityWithoutItsKey(t *testing.T) {
	h := withCerts(t, providertest.StartHost(t, nil))
	c := providertest.NewCLI(t)
	config := func(name string) string {
		return h.Provider() + authorityBlock + fmt.Sprintf("resource %q \"test\" {\n  path = %q\n  authority = %s.ca\n  dns_names = [%q]\n}\n",
			provider.CertificateType, certs+"/http.crt", provider.AuthorityType, name)
	}
	c.Write(config("a.example.net"))
	expect(t, "creation", c.Apply(), 2*2)
	key := authorityFolder + "/ca-1.key"
	kept := read(h, key)
	h.Remove(key)
	said := c.Apply()
	if text := strings.Join(strings.Fields(strings.Join(said.Errors, " ")), " "); len(said.Errors) != 1 || !strings.Contains(text, "not for the private key on the host") ||
		!strings.Contains(text, "Put the private key "+key+" back from a backup, or replace the authority") {
		t.Errorf("the apply says %+v", said)
	}
	if _, ok := h.Read(key); ok {
		t.Error("a key was made that is of no use")
	}
	h.Write(key, kept)
	expect(t, "the key put back", c.Apply(), 2*1) // its mode
	expect(t, "a plan after that", c.Plan(), 0)
}

func TestValidityIsChecked(t *testing.T) {
	h := providertest.StartHost(t, nil)
	c := providertest.NewCLI(t)
	for attributes, want := range map[string]string{
		"validity_days = 365": "365 days that is renewed 730 days before its end", "validity_days = 10\n  early_renewal_days = 10": "renewed by every apply",
		"directory = \"etc\"": "not an absolute path", "own_certificate = \"x\"": "own_private_key_wo",
	} {
		c.Write(h.Provider() + fmt.Sprintf("resource %q \"ca\" {\n  %s\n}\n", provider.AuthorityType, attributes))
		if said := c.Plan(); len(said.Errors) == 0 || !strings.Contains(strings.Join(strings.Fields(strings.Join(said.Errors, " ")), " "), want) {
			t.Errorf("%s: %+v, want %q", attributes, said, want)
		}
	}
}
