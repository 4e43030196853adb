package pki

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

const day = 24 * time.Hour

func addresses(texts ...string) []netip.Addr {
	list := make([]netip.Addr, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParseAddr(text)
	}
	return list
}

func nodeSpec() Spec {
	return Spec{
		Subject:  pkix.Name{CommonName: "flow1", Organization: []string{"Example"}},
		DNSNames: []string{"flow1", "localhost"}, Addresses: addresses("127.0.0.1", "::1", "192.0.2.1"),
		Usages: []Usage{ServerAuthentication, ClientAuthentication}, Validity: 30 * day,
	}
}

func issue(t testing.TB, a Authority, spec Spec) *x509.Certificate {
	t.Helper()
	request, err := Request(spec, newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := a.Issue(request, spec)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestIssue(t *testing.T) {
	authority := newAuthority(t, "authority", 20*day)
	certificate := issue(t, authority, nodeSpec())
	roots := x509.NewCertPool()
	roots.AddCert(authority.Chain[0])
	for _, name := range []string{"flow1", "LOCALHOST", "127.0.0.1", "::1", "192.0.2.1"} {
		if addr, err := netip.ParseAddr(name); err == nil {
			name = "[" + addr.String() + "]"
		}
		for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
			if _, err := certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if !certificate.NotAfter.Equal(authority.Chain[0].NotAfter) {
		t.Errorf("it ends on %s and its authority on %s", certificate.NotAfter, authority.Chain[0].NotAfter)
	}
	if early := time.Since(certificate.NotBefore); early < Skew || early > 2*Skew {
		t.Errorf("it begins %s ago: clocks differ", early)
	}
	if !nodeSpec().Says(certificate) || certificate.IsCA || certificate.KeyUsage&x509.KeyUsageCertSign != 0 || len(certificate.SerialNumber.Bytes()) < 8 {
		t.Errorf("%+v", certificate)
	}
	// An authority's certificates sign no further authorities.
	if ca := authority.Chain[0]; !ca.IsCA || !ca.MaxPathLenZero || ca.KeyUsage&x509.KeyUsageCertSign == 0 || len(ca.SubjectKeyId) == 0 {
		t.Errorf("%+v", ca)
	}
}

func TestIssueRefuses(t *testing.T) {
	authority := newAuthority(t, "authority", 20*day)
	request, err := Request(nodeSpec(), newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	forged := *request
	forged.Signature = slices.Clone(request.Signature)
	forged.Signature[len(forged.Signature)-1]++
	for what, c := range map[string]struct {
		authority Authority
		request   *x509.CertificateRequest
		want      string
	}{
		"a forged request": {authority, &forged, "not signed with its own key"},
		"the wrong key":    {Authority{authority.Chain, newKey(t)}, request, "is not that of its certificate"},
		"an end":           {newAuthority(t, "ended", -time.Second), request, "ended on"},
	} {
		if _, err := c.authority.Issue(c.request, nodeSpec()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

func TestCheckIssued(t *testing.T) {
	authority := newAuthority(t, "authority", 2000*day)
	lacking, ended, client, wild := nodeSpec(), nodeSpec(), nodeSpec(), nodeSpec()
	lacking.DNSNames, lacking.Addresses = lacking.DNSNames[:1], lacking.Addresses[:2]
	ended.Validity = -time.Minute
	client.Usages = client.Usages[1:]
	wild.DNSNames = []string{"*.example.net", "flow1", "localhost"}
	chain := func(spec Spec) []*x509.Certificate {
		certificate := issue(t, authority, spec)
		return []*x509.Certificate{certificate, authority.Chain[0]}
	}
	good := chain(nodeSpec())
	needsWild := nodeSpec()
	needsWild.DNSNames = append(needsWild.DNSNames, "a.example.net")
	for what, c := range map[string]struct {
		chain []*x509.Certificate
		spec  Spec
		want  []string // of the error; none: there is none
	}{
		"good":             {good, nodeSpec(), nil},
		"more than needed": {good, lacking, nil},
		"a wildcard":       {chain(wild), needsWild, nil},
		"no wildcard":      {good, needsWild, []string{"lacks these names: DNS a.example.net"}},
		"names":            {chain(lacking), nodeSpec(), []string{"lacks these names: DNS localhost, IP 192.0.2.1"}},
		"an end":           {chain(ended), nodeSpec(), []string{"has expired: it ended on"}},
		"a usage":          {chain(client), nodeSpec(), []string{"not for server_auth: it is for client_auth"}},
		"an authority":     {authority.Chain, Spec{}, []string{"is an authority's"}},
		"another issuer":   {[]*x509.Certificate{good[0], newAuthority(t, "other", day).Chain[0]}, nodeSpec(), []string{"certificate 1 (CN=flow1,O=Example) is not signed by certificate 2 (CN=other)"}},
		"all at once":      {chain(Spec{Validity: -time.Minute, Usages: client.Usages}), nodeSpec(), []string{"expired", "lacks", "server_auth"}},
	} {
		err := CheckIssued(c.chain, c.spec)
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", what, err)
		}
		for _, want := range c.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v lacks %q", what, err, want)
			}
		}
	}
}

func TestCheckAuthority(t *testing.T) {
	authority := newAuthority(t, "authority", day)
	leaf := issue(t, authority, nodeSpec())
	if err := CheckAuthority(authority.Chain); err != nil {
		t.Error(err)
	}
	for want, chain := range map[string][]*x509.Certificate{
		"is not an authority's": {leaf, authority.Chain[0]},
		"has expired":           newAuthority(t, "ended", -time.Second).Chain,
		"is not signed by":      {authority.Chain[0], leaf},
	} {
		if err := CheckAuthority(chain); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestNormalizeKey(t *testing.T) {
	ec := newKey(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	sec1, sec1Err := x509.MarshalECPrivateKey(ec)
	pkcs8, pkcs8Err := x509.MarshalPKCS8PrivateKey(ec)
	ed, edErr := x509.MarshalPKCS8PrivateKey(edKey)
	want := encode("PRIVATE KEY", pkcs8, pkcs8Err)
	for _, text := range []string{
		want, encode("EC PRIVATE KEY", sec1, sec1Err), encode("EC PARAMETERS", []byte{6, 8}, nil) + encode("EC PRIVATE KEY", sec1, sec1Err),
	} {
		normal, public, err := NormalizeKey([]byte(text))
		if err != nil || string(normal) != want || !host.SameKey(public, ec.Public()) {
			t.Errorf("%q reads as %q, %v", text, normal, err)
		}
	}
	if _, public, err := NormalizeKey([]byte(encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil))); err != nil || !host.SameKey(public, rsaKey.Public()) {
		t.Errorf("PKCS #1: %v", err)
	}
	for text, problem := range map[string]string{
		"": "no PEM private key", encode("CERTIFICATE", nil, nil): "there is a CERTIFICATE", encode("ENCRYPTED PRIVATE KEY", nil, nil): "has a passphrase",
		encode("PRIVATE KEY", []byte("secret"), nil): "cannot be read", encode("PRIVATE KEY", ed, edErr): "neither for ECDSA nor for RSA",
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n": "has a passphrase",
	} {
		if _, _, err := NormalizeKey([]byte(text)); err == nil || !strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.40q: %v, want %q", text, err, problem)
		}
	}
}

func TestDNSNames(t *testing.T) {
	for name, good := range map[string]bool{
		"flow1": true, "flow1.example.net": true, "*.example.net": true, "_x.example.net": true, "Flow1": true,
		"": false, "*": false, "*.": false, "a..b": false, "a b": false, "192.0.2.1": false, "::1": false, "-a": false, "a-": false, "a.*.net": false,
		strings.Repeat("a", 64): false, strings.Repeat("a.", 130): false,
	} {
		if err := ValidDNSName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestDue(t *testing.T) {
	certificate := newAuthority(t, "x", 30*day).Chain[0]
	t.Cleanup(func() { Now = time.Now })
	for days, want := range map[int]string{0: Valid, 19: Valid, 21: ToBeRenewed, 29: ToBeRenewed, 31: Expired, -1: NotYet} {
		Now = func() time.Time { return time.Now().Add(time.Duration(days) * day) }
		if got := Validity(certificate, 10*day); got != want || Due(certificate, 10*day) != (want == ToBeRenewed || want == Expired) {
			t.Errorf("in %d days it is %s, not %s", days, got, want)
		}
	}
}

// curves that hosts do not make keys for are still named.
func TestKeyAlgorithmOf(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got := host.KeyAlgorithmOf(key.Public()); got != "ecdsa-p384" {
		t.Error(got)
	}
}

// TestDescribe: what a certificate or a request says comes in one order and one spelling, so that equal ones compare as equal.
func TestDescribe(t *testing.T) {
	spec := nodeSpec()
	spec.DNSNames, spec.Addresses = []string{"LocalHost", "flow1", "localhost"}, addresses("::1", "::ffff:127.0.0.1", "192.0.2.1", "127.0.0.1")
	request, err := Request(spec, newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	wantNames, wantAddresses := []string{"flow1", "localhost"}, []string{"127.0.0.1", "192.0.2.1", "::1"}
	if names, at := RequestNames(request); !slices.Equal(names, wantNames) || !slices.Equal(at, wantAddresses) {
		t.Errorf("the request is for %q and %q", names, at)
	}
	names, at, usages := Describe(issue(t, newAuthority(t, "a", day), spec))
	if !slices.Equal(names, wantNames) || !slices.Equal(at, wantAddresses) || !slices.Equal(usages, []string{string(ClientAuthentication), string(ServerAuthentication)}) {
		t.Errorf("the certificate is for %q and %q, to be used as %q", names, at, usages)
	}
}
