package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	appliance "github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	provider "github.com/flowstack/terraform-provider-flowstack/provider/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

func TestRequestLife(t *testing.T) {
	h := withCerts(t, providertest.StartHost(t, nil))
	key, file := certs+"/web.key", certs+"/web.csr"
	check := func(name string) func() error {
		return func() error {
			request, err := appliance.ParseRequest([]byte(read(h, file)))
			if err == nil {
				err = request.CheckSignature()
			}
			if err != nil {
				return err
			}
			if names, _ := appliance.RequestNames(request); len(names) != 1 || names[0] != name {
				return fmt.Errorf("the request is for %q, not %q", names, name)
			}
			if _, public, err := appliance.NormalizeKey([]byte(read(h, key))); err != nil || !host.SameKey(request.PublicKey, public) {
				return errors.Join(errors.New("the request is not for the key"), err)
			}
			return nil
		}
	}
	body := fmt.Sprintf("path = %q\nhost_names = false\n", key)
	providertest.Life{
		Host: h, Type: provider.RequestType,
		Body: body + "dns_names = [\"a.example.net\"]", Changed: body + "dns_names = [\"b.example.net\"]",
		Check: check("a.example.net"), CheckChanged: check("b.example.net"),
		Drifts: []providertest.Drift{
			{Name: "a missing request", By: func() { h.Remove(file) }, Fact: "request " + file, From: "absent", To: "present"},
			{Name: "the key", By: func() { h.Write(key, newKey(t)) }, Fact: "request " + file + ": key", From: appliance.OfAnotherKey, To: appliance.Matches},
			{Name: "the mode", By: func() { must(t, os.Chmod(h.Path(key), 0o644)) }, Fact: "key " + key + ": mode", From: "0644", To: "0600"},
		},
		Vanish: func() {
			h.Remove(key)
			h.Remove(file)
		},
		ImportID: "flow1" + key, Identity: map[string]string{"host": "flow1", "path": key},
		NotImported: []string{"dns_names", "host_names"},
		Secrets:     []string{"PRIVATE KEY-----\n"},
	}.Run(t)
}

// TestSomebodyElseIssues takes a request from a host to an authority that flowstack does not have, and its certificates back.
func TestSomebodyElseIssues(t *testing.T) {
	h := withCerts(t, providertest.StartHost(t, nil))
	key, file := certs+"/web.key", certs+"/web.crt"
	c := providertest.NewCLI(t)
	config := func(certificate string) string {
		text := h.Provider() + fmt.Sprintf("resource %q \"web\" {\n  path = %q\n  dns_names = [\"web.example.net\"]\n  ip_addresses = [\"192.0.2.7\"]\n}\n", provider.RequestType, key)
		if certificate != "" {
			must(t, os.WriteFile(filepath.Join(c.Dir, "chain.pem"), []byte(certificate), 0o600))
			text += fmt.Sprintf("resource %q \"web\" {\n  path = %q\n  private_key_path = %s.web.path\n  dns_names = [\"web.example.net\"]\n  ip_addresses = [\"192.0.2.7\"]\n"+
				"  certificate = file(\"${path.module}/chain.pem\")\n}\n", provider.CertificateType, file, provider.RequestType)
		}
		return text
	}
	c.Write(config(""))
	expect(t, "the request", c.Apply(), 2*1)
	request, err := appliance.ParseRequest([]byte(fmt.Sprint(attributes(t, c, provider.RequestType+".web")["request"])))
	must(t, err)
	certificate, private := newAuthority(t, "somebody else")
	authority := appliance.Authority{Chain: []*x509.Certificate{certificate}, Key: private}
	issue := func(request *x509.CertificateRequest, name string, validity time.Duration) string {
		t.Helper()
		spec := appliance.Spec{
			Subject: pkix.Name{CommonName: "web"}, DNSNames: []string{name}, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.7")},
			Usages: []appliance.Usage{appliance.ServerAuthentication, appliance.ClientAuthentication}, Validity: validity,
		}
		issued, err := authority.Issue(request, spec)
		must(t, err)
		return string(appliance.EncodeChain(issued, certificate))
	}
	_, other := newAuthority(t, "another key")
	foreign, err := appliance.Request(appliance.Spec{Subject: pkix.Name{CommonName: "web"}}, other)
	must(t, err)
	const year = 365 * 24 * time.Hour
	for what, wrong := range map[string]struct{ chain, want string }{
		"another name": {issue(request, "other.example.net", year), "lacks these names: DNS web.example.net"},
		"expired":      {issue(request, "web.example.net", -time.Minute), "has expired"},
		"another key":  {issue(foreign, "web.example.net", year), "not for the private key on the host"},
		"a key":        {encodeKey(t, private), "PRIVATE KEY where certificates belong"},
	} {
		c.Write(config(wrong.chain))
		if said := c.Apply(); len(said.Errors) != 1 || !strings.Contains(strings.Join(strings.Fields(said.Errors[0]), " "), wrong.want) {
			t.Errorf("%s: %q, want %q", what, said.Errors, wrong.want)
		}
	}
	c.Write(config(issue(request, "web.example.net", year)))
	expect(t, "the certificate", c.Apply(), 2*1)
	must(t, pairMatches(h, file, key, "0600"))
	expect(t, "a plan after the certificate", c.Plan(), 0)
	first := read(h, file)
	c.Write(config(issue(request, "web.example.net", 2*year)))
	expect(t, "a renewed certificate", c.Apply(), 2*1)
	if read(h, file) == first {
		t.Error("the certificate is not renewed")
	}
	c.Write(config(issue(request, "web.example.net", 24*time.Hour)))
	if said := c.Apply(); len(said.Errors) > 0 || len(said.Warnings) == 0 || !strings.Contains(said.Warnings[0], "ends soon") {
		t.Errorf("a certificate that ends soon: %+v", said)
	}
	if said := c.Destroy(); len(said.Errors) > 0 {
		t.Error(said.Errors)
	}
	for _, path := range []string{key, file, certs + "/web.csr"} {
		if _, ok := h.Read(path); ok {
			t.Errorf("%s is still there", path)
		}
	}
}

// TestOwnAuthority takes over an authority that is there already, and then goes on to another one.
func TestOwnAuthority(t *testing.T) {
	h := withCerts(t, providertest.StartHost(t, nil))
	file := certs + "/http.crt"
	c := providertest.NewCLI(t)
	log := filepath.Join(c.Dir, "trace.log")
	t.Setenv("TF_ACC_LOG_PATH", log)
	c.Env = append(c.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+log)
	var keys []string
	config := func(name string, other bool) string {
		certificate, private := newAuthority(t, name)
		key := encodeKey(t, private)
		keys = append(keys, strings.Split(key, "\n")[1])
		if other {
			key = newKey(t)
		}
		must(t, os.WriteFile(filepath.Join(c.Dir, "own.crt"), appliance.EncodeChain(certificate), 0o600))
		c.Env = append(c.Env, "TF_VAR_key="+key)
		return h.Provider() + fmt.Sprintf(`variable "key" { ephemeral = true }
resource %q "ca" {
  own_certificate    = file("${path.module}/own.crt")
  own_private_key_wo = var.key
}
resource %q "test" {
  path      = %q
  authority = %s.ca
}
`, provider.AuthorityType, provider.CertificateType, file, provider.AuthorityType)
	}
	c.Write(config("wrong", true))
	if said := c.Plan(); len(said.Errors) != 1 || !strings.Contains(strings.Join(strings.Fields(said.Errors[0]), " "), "not that of own_certificate (CN=wrong)") {
		t.Errorf("a key of another certificate: %+v", said)
	}
	c.Write(config("first", false))
	expect(t, "creation", c.Apply(), 2*2)
	must(t, verify(h, file))
	if got := commonName(t, h, file).Issuer.String(); got != "CN=first" {
		t.Errorf("the certificate is issued by %s", got)
	}
	must(t, pairMatches(h, authorityFolder+"/ca-1.crt", authorityFolder+"/ca-1.key", "0600"))
	expect(t, "a plan after the creation", c.Plan(), 0)
	h.Write(authorityFolder+"/ca-1.key", newKey(t))
	expect(t, "repair of the key", c.Apply(), 2*1)
	must(t, pairMatches(h, authorityFolder+"/ca-1.crt", authorityFolder+"/ca-1.key", "0600"))

	c.Write(config("second", false))
	for _, issuer := range []string{"CN=first", "CN=second", "CN=second"} {
		expect(t, "rollover", c.Apply(), 2*2)
		must(t, verify(h, file))
		if got := commonName(t, h, file).Issuer.String(); got != issuer {
			t.Errorf("the certificate is issued by %s, not %s", got, issuer)
		}
	}
	expect(t, "a plan after the rollover", c.Plan(), 0)
	for _, name := range []string{"terraform.tfstate", "terraform.tfstate.backup", "trace.log"} {
		content, err := os.ReadFile(filepath.Join(c.Dir, name))
		must(t, err)
		for _, key := range keys {
			if strings.Contains(string(content), key) {
				t.Errorf("a private key is in %s", name)
			}
		}
	}
	for _, command := range h.Commands() {
		for _, key := range keys {
			if strings.Contains(command, key) {
				t.Errorf("a private key is in a command line")
			}
		}
	}
}
