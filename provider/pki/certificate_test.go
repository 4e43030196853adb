package pki_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appliance "github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	provider "github.com/flowstack/terraform-provider-flowstack/provider/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

// certs is where these tests have certificates; the fake hosts have it.
const certs = "/etc/certs"

func withCerts(t *testing.T, h *providertest.Host) *providertest.Host {
	t.Helper()
	must(t, os.Mkdir(h.Path(certs), 0o755))
	setNames(h, "192.0.2.1 2001:db8::1")
	return h
}

// setNames lets a host have these addresses.
func setNames(h *providertest.Host, addresses string) {
	h.SetProgram("hostname", "#!/bin/sh\ncase $1 in\n-I) echo '"+addresses+"' ;;\n-f) echo Flow1.example.net ;;\n*) echo flow1 ;;\nesac\n")
}

// verify tells whether a host has a certificate that a client which trusts the host's own file of authorities takes it for the names by.
func verify(h *providertest.Host, file string, names ...string) error {
	content, _ := h.Read(file)
	chain, err := appliance.ParseChain([]byte(content))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	trusted, _ := h.Read(strings.TrimSuffix(file, ".crt") + "-ca.crt")
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(trusted)) {
		return errors.New("there is no authority to trust")
	}
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	for _, name := range append(names, "localhost", "127.0.0.1", "::1") {
		host := name
		if net.ParseIP(name) != nil {
			host = "[" + name + "]"
		}
		options := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: host, CurrentTime: appliance.Now()}
		if _, err := chain[0].Verify(options); err != nil {
			return fmt.Errorf("%s for %s: %w", file, name, err)
		}
	}
	return nil
}

const authorityBlock = `
resource "flowstack_certificate_authority" "ca" {}
`

func TestCertificateLife(t *testing.T) {
	h := withCerts(t, providertest.StartHost(t, nil))
	file, key := certs+"/http.crt", certs+"/http.key"
	check := func(mode string, names ...string) func() error {
		return func() error {
			return errors.Join(pairMatches(h, file, key, mode), verify(h, file, names...))
		}
	}
	body := fmt.Sprintf("path = %q\nauthority = flowstack_certificate_authority.ca\nip_addresses = [\"192.0.2.10\"]\n", file)
	var serial string
	providertest.Life{
		Host: h, Type: provider.CertificateType, More: authorityBlock,
		Body: body + "dns_names = [\"flows.example.net\"]", Changed: body + "private_key_mode = \"0640\"\nkey_algorithm = \"rsa-2048\"\ndns_names = [\"other.example.net\"]",
		Check: check("0600", "192.0.2.10", "flows.example.net"), CheckChanged: check("0640", "192.0.2.10", "other.example.net"),
		Drifts: []providertest.Drift{
			{
				Name: "the mode of the key", By: func() { must(t, os.Chmod(h.Path(key), 0o604)) },
				Fact: "key " + key + ": mode", From: "0604", To: "0600",
			},
			{
				Name: "the certificate by hand", By: func() {
					serial, _ = h.Read(file)
					h.Write(file, selfSigned(t, "by hand"))
				},
				Fact: "certificate " + file + ": subject", From: "CN=by hand", To: "CN=flow1",
			},
			{
				Name: "a missing certificate", By: func() {
					if now, _ := h.Read(file); now != serial {
						t.Error("a certificate that was replaced by hand is issued anew, though the former one is known")
					}
					h.Remove(file)
				},
				Fact: "certificate " + file, From: "absent", To: "present",
			},
			{
				Name: "the key by hand", By: func() { h.Write(key, newKey(t)) },
				Fact: "certificate " + file + ": key", From: appliance.OfAnotherKey, To: appliance.Matches,
			},
			{
				Name: "a missing key", By: func() { h.Remove(key) },
				Fact: "key " + key, From: "absent", To: "present",
			},
			{
				Name: "the authorities", By: func() { h.Write(certs+"/http-ca.crt", selfSigned(t, "by hand")) },
			},
		},
		Vanish: func() {
			for _, name := range []string{"http.crt", "http.key", "http-ca.crt"} {
				h.Remove(certs + "/" + name)
			}
		},
		ImportID: "flow1" + file, Identity: map[string]string{"host": "flow1", "path": file},
		NotImported: []string{
			"validity_days", "early_renewal_days", "authority", "certificates", "dns_names", "ip_addresses", "host_names", "rotate_key", "effective",
		},
		Secrets: []string{"PRIVATE KEY-----\n"},
		Ignore:  []string{"etc/flowstack"}, // the authority's
	}.Run(t)
}

func selfSigned(t *testing.T, name string) string {
	t.Helper()
	certificate, _ := newAuthority(t, name)
	return string(appliance.EncodeChain(certificate))
}

// commonName is the subject of what is in a file of a host.
func commonName(t *testing.T, h *providertest.Host, file string) *x509.Certificate {
	t.Helper()
	content, _ := h.Read(file)
	chain, err := appliance.ParseChain([]byte(content))
	must(t, err)
	return chain[0]
}

// two is a provider of two hosts.
func two(flow1, flow2 *providertest.Host) string {
	return providertest.Preamble + fmt.Sprintf("provider \"flowstack\" {\n  hosts = {\n    flow1 = %s\n    flow2 = %s\n  }\n}\n", flow1.Config(), flow2.Config())
}

// TestCertificateIsRenewedByThePlan goes through the years with a certificate: nothing happens until it is due, then the plan that sees it renews it, with the same
// key unless a new one is asked for.
func TestCertificateIsRenewedByThePlan(t *testing.T) {
	h := withCerts(t, providertest.StartHost(t, nil))
	file, key := certs+"/http.crt", certs+"/http.key"
	fact := "certificate " + file + ": validity"
	config := func(more string) string {
		return h.Provider() + authorityBlock + fmt.Sprintf("resource %q \"test\" {\n  path = %q\n  authority = flowstack_certificate_authority.ca\n  validity_days = 90\n%s}\n",
			provider.CertificateType, file, more)
	}
	c := providertest.NewCLI(t)
	travel := func(days int) {
		later := time.Now().Add(time.Duration(days) * 24 * time.Hour)
		appliance.Now = func() time.Time { return later }
		h.SetProgram("date", fmt.Sprintf("#!/bin/sh\necho %d\n", later.Unix()))
	}
	t.Cleanup(func() { appliance.Now = time.Now })
	c.Write(config(""))
	expect(t, "creation", c.Apply(), 2*2)
	first, firstKey := commonName(t, h, file), read(h, key)

	travel(59)
	expect(t, "a plan a day before it is due", c.Plan(), 0)
	travel(61)
	plan, said := c.Show()
	expect(t, "a plan a day after it is due", said, 1)
	drifts(t, plan, fact, appliance.ToBeRenewed, appliance.Valid)
	expect(t, "renewal", c.Apply(), 2*1)
	second := commonName(t, h, file)
	if second.SerialNumber.Cmp(first.SerialNumber) == 0 || read(h, key) != firstKey || !second.NotAfter.After(first.NotAfter) {
		t.Errorf("renewed: serial %x → %x, end %s → %s, same key %t", first.SerialNumber, second.SerialNumber, first.NotAfter, second.NotAfter, read(h, key) == firstKey)
	}
	must(t, verify(h, file))
	expect(t, "a plan after the renewal", c.Plan(), 0)

	travel(61 + 200)
	plan, said = c.Show()
	expect(t, "a plan after the end", said, 1)
	drifts(t, plan, fact, appliance.Expired, appliance.Valid)
	c.Write(config("  rotate_key = true\n"))
	expect(t, "renewal with a new key", c.Apply(), 2*1)
	if read(h, key) == firstKey {
		t.Error("the key is the old one")
	}
	must(t, pairMatches(h, file, key, "0600"))
	expect(t, "a plan after the rotation", c.Plan(), 0)

	h.SetProgram("date", fmt.Sprintf("#!/bin/sh\necho %d\n", time.Now().Unix()))
	if said := c.Plan(); len(said.Warnings) != 1 || !strings.Contains(said.Warnings[0], "The clock of host flow1 is wrong") || said.Changes != 0 {
		t.Errorf("a clock that is wrong: %+v", said)
	}
}

// TestCertificateEndsWithItsAuthority: one that cannot be prolonged is not issued again and again.
func TestCertificateEndsWithItsAuthority(t *testing.T) {
	h := withCerts(t, providertest.StartHost(t, nil))
	c := providertest.NewCLI(t)
	c.Write(h.Provider() + fmt.Sprintf(`
resource %q "ca" {
  validity_days      = 20
  early_renewal_days = 1
}
resource %q "test" {
  path      = %q
  authority = %s.ca
}
`, provider.AuthorityType, provider.CertificateType, certs+"/http.crt", provider.AuthorityType))
	expect(t, "creation", c.Apply(), 2*2)
	said := c.Plan()
	if said.Changes != 0 || len(said.Errors) > 0 || len(said.Warnings) != 1 || !strings.Contains(strings.Join(strings.Fields(said.Warnings[0]), " "), "together with its authority") {
		t.Errorf("the plan says %+v", said)
	}
}

// TestCertificateFollowsTheHost: a host with a new address gets a certificate with it; one that lost an address keeps its certificate.
func TestCertificateFollowsTheHost(t *testing.T) {
	h := withCerts(t, providertest.StartHost(t, nil))
	file := certs + "/http.crt"
	config := func(names string) string {
		return h.Provider() + authorityBlock + fmt.Sprintf("resource %q \"test\" {\n  path = %q\n  authority = flowstack_certificate_authority.ca\n%s}\n",
			provider.CertificateType, file, names)
	}
	c := providertest.NewCLI(t)
	c.Write(config("  dns_names = [\"Flows.example.net\"]\n"))
	expect(t, "creation", c.Apply(), 2*2)
	must(t, verify(h, file, "192.0.2.1", "2001:db8::1", "flow1.example.net", "flows.example.net"))
	setNames(h, "192.0.2.1 192.0.2.2")
	plan, said := c.Show()
	expect(t, "another address", said, 1)
	drifts(t, plan, "certificate "+file+": IP 192.0.2.2", "", "yes")
	drifts(t, plan, "certificate "+file+": IP 2001:db8::1", "yes", "")
	expect(t, "another address", c.Apply(), 2*1)
	must(t, verify(h, file, "192.0.2.2"))
	setNames(h, "192.0.2.1")
	expect(t, "an address less", c.Plan(), 0)
	c.Write(config(""))
	plan, said = c.Show()
	expect(t, "a name of the configuration less", said, 1)
	drifts(t, plan, "certificate "+file+": DNS flows.example.net", "yes", "")
	drifts(t, plan, "certificate "+file+": IP 192.0.2.2", "yes", "")
	h.SetProgram("hostname", "#!/bin/sh\necho 'no names today' >&2\nexit 1\n")
	c.Write(config("  dns_names = [\"Flows.example.net\"]\n"))
	expect(t, "a host that does not say its names", c.Plan(), 0)
}

// TestRollover replaces an authority over three applies. Each host that has come along trusts what the others show, whichever of them is updated first.
func TestRollover(t *testing.T) {
	flow1, flow2 := withCerts(t, providertest.StartHost(t, nil)), withCerts(t, providertest.StartHost(t, nil))
	file, ca := certs+"/http.crt", provider.AuthorityType+".ca"
	config := func(rollover string) string {
		certificate := func(host string) string {
			return fmt.Sprintf("resource %q %q {\n  host = %q\n  path = %q\n  authority = %s\n}\n", provider.CertificateType, host, host, file, ca)
		}
		return two(flow1, flow2) + fmt.Sprintf("resource %q \"ca\" {\n  host = \"flow1\"\n  rollover = %q\n}\n", provider.AuthorityType, rollover) +
			certificate("flow1") + certificate("flow2")
	}
	// crosswise tells whether each host's certificate is one that both hosts' files of authorities verify.
	crosswise := func(when string) {
		t.Helper()
		for _, server := range []*providertest.Host{flow1, flow2} {
			for _, client := range []*providertest.Host{flow1, flow2} {
				roots := x509.NewCertPool()
				roots.AppendCertsFromPEM([]byte(read(client, certs+"/http-ca.crt")))
				if _, err := commonName(t, server, file).Verify(x509.VerifyOptions{Roots: roots, DNSName: "localhost"}); err != nil {
					t.Errorf("%s: %v", when, err)
				}
			}
		}
	}
	c := providertest.NewCLI(t)
	phase := func(want string, generation int64) {
		t.Helper()
		state := attributes(t, c, ca)
		if got := fmt.Sprint(state["phase"], state["generation"]); got != fmt.Sprint(want, generation) {
			t.Errorf("the authority is in phase %s, not %s%d", got, want, generation)
		}
	}
	c.Write(config("first"))
	expect(t, "creation", c.Apply(), 2*3)
	expect(t, "a plan after the creation", c.Plan(), 0)
	phase("steady", 1)
	old := commonName(t, flow2, file)
	// A client without a certificate of its own.
	const settings, trusted = "/etc/flowcollector/flowcollector.yml", "/etc/flowcollector/elasticsearch-ca.crt"
	must(t, os.MkdirAll(filepath.Dir(flow2.Path(settings)), 0o755))
	flow2.Write(settings, "output:\n  elasticsearch:\n    ca_file: "+trusted+"\n")
	// It leads to a file that has a key besides, which the collector passes over.
	flow2.Symlink("pair.pem", trusted)
	flow2.Write(filepath.Dir(trusted)+"/pair.pem", newKey(t)+read(flow1, authorityFolder+"/ca-1.crt"))
	// Kibana reads whom it trusts when it starts.
	const kibana, kibanaTrusts = "/etc/kibana/kibana.yml", "/etc/kibana/ca.crt"
	must(t, os.MkdirAll(filepath.Dir(flow2.Path(kibana)), 0o755))
	flow2.Write(kibana, "elasticsearch.ssl.certificateAuthorities: [ca.crt]\n")
	flow2.Write(kibanaTrusts, read(flow1, authorityFolder+"/ca-1.crt"))
	flow2.Systemd("kibana.service")
	flow2.Systemctl("start", "kibana.service")

	c.Write(config("second"))
	// Something on flow2 is in the way: it does not come along, and the authority waits for it.
	must(t, os.Rename(flow2.Path(certs+"/http-ca.crt"), flow2.Path(certs+"/kept")))
	must(t, os.Mkdir(flow2.Path(certs+"/http-ca.crt"), 0o755))
	if said := c.Apply(); len(said.Errors) != 1 || !strings.Contains(said.Errors[0], "http-ca.crt") {
		t.Fatalf("an apply that cannot write on flow2 says %+v", said)
	}
	phase("introducing", 1)
	must(t, os.Remove(flow2.Path(certs+"/http-ca.crt")))
	must(t, os.Rename(flow2.Path(certs+"/kept"), flow2.Path(certs+"/http-ca.crt")))
	said := c.Plan()
	if len(said.Warnings) != 1 || !strings.Contains(said.Warnings[0], "flow2"+file+": "+certs+"/http-ca.crt lacks the certificate of generation 2") || said.Changes != 1 {
		t.Errorf("flow2 has not come along, and the plan says %+v", said)
	}
	crosswise("half introduced")
	if said := c.Apply(); len(said.Errors) > 0 {
		t.Fatal(said.Errors)
	}
	phase("introducing", 1)
	crosswise("introducing")
	if commonName(t, flow2, file).SerialNumber.Cmp(old.SerialNumber) != 0 {
		t.Error("a certificate of the next authority is shown before everybody trusts it")
	}

	said = c.Plan()
	if want := "flow2: " + trusted + " (output.elasticsearch.ca_file of " + settings + ") lacks the certificate of generation 2"; said.Changes != 0 || len(said.Warnings) != 1 ||
		!strings.Contains(strings.Join(strings.Fields(said.Warnings[0]), " "), want) {
		t.Errorf("the collector of flow2 does not trust the next authority, and the plan says %+v", said)
	}
	both := read(flow1, authorityFolder+"/ca-2.crt") + read(flow1, authorityFolder+"/ca-1.crt")
	flow2.Write(trusted, both)
	waits := func(what string) {
		t.Helper()
		said := c.Plan()
		if said.Changes != 0 || len(said.Warnings) != 1 || !strings.Contains(strings.Join(strings.Fields(said.Warnings[0]), " "), what) {
			t.Errorf("the plan does not wait for %q: %+v", what, said)
		}
	}
	waits("flow2: " + kibanaTrusts + " (elasticsearch.ssl.certificateAuthorities of " + kibana + ") lacks the certificate of generation 2")
	flow2.Write(kibanaTrusts, both)
	waits("flow2: kibana.service has to be restarted, since it reads " + kibanaTrusts)
	flow2.Systemctl("restart", "kibana.service")
	must(t, os.Rename(flow1.Path(authorityFolder+"/issued"), flow1.Path(authorityFolder+"/kept")))
	if said := c.Plan(); len(said.Warnings) != 1 || !strings.Contains(strings.Join(strings.Fields(said.Warnings[0]), " "), authorityFolder+"/issued on host flow1 is not there") {
		t.Errorf("the register is gone, and the plan says %+v", said)
	}
	must(t, os.Rename(flow1.Path(authorityFolder+"/kept"), flow1.Path(authorityFolder+"/issued")))

	crosswise("before they are replaced")
	expect(t, "a plan to replace the certificates", c.Plan(), 3)
	expect(t, "replacing", c.Apply(), 2*3)
	phase("replacing", 2)
	crosswise("replacing")
	if commonName(t, flow2, file).CheckSignatureFrom(old) == nil || commonName(t, flow2, file).SerialNumber.Cmp(old.SerialNumber) == 0 {
		t.Error("the certificate is the old one")
	}
	expect(t, "dropping", c.Apply(), 2*3)
	phase("steady", 2)
	crosswise("steady")
	expect(t, "a plan after the rollover", c.Plan(), 0)
	if _, ok := flow1.Read(authorityFolder + "/ca-1.key"); ok {
		t.Error("the key of the former authority is still there")
	}
	// The authority's key is nowhere else.
	key := read(flow1, authorityFolder+"/ca-2.key")
	must(t, filepath.WalkDir(flow2.Root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), key) || strings.Contains(path, "ca-2.key") {
			t.Errorf("%s on flow2 has the authority's key", path)
		}
		return err
	}))
	for _, command := range slices.Concat(flow1.Commands(), flow2.Commands()) {
		if strings.Contains(command, "PRIVATE KEY") {
			t.Errorf("a command has a private key: %.200q", command)
		}
	}
	if said := c.Destroy(); len(said.Errors) > 0 {
		t.Error(said.Errors)
	}
}
