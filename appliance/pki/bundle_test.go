package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"
)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newAuthority is an authority whose key is here.
func newAuthority(t testing.TB, name string, validity time.Duration) Authority {
	t.Helper()
	key := newKey(t)
	certificate, err := SelfSign(Spec{Subject: pkix.Name{CommonName: name}, Validity: validity}, key)
	if err != nil {
		t.Fatal(err)
	}
	return Authority{Chain: []*x509.Certificate{certificate}, Key: key}
}

func TestBundleFormat(t *testing.T) {
	one := string(EncodeChain(newAuthority(t, "one", time.Hour).Chain...))
	facts, err := BundleFormat{}.Facts([]byte(one + "# a comment\n" + one))
	if err != nil || len(facts) != 2 || facts["certificate 1"] != facts["certificate 2"] || !strings.HasPrefix(facts["certificate 1"], "CN=one, until ") {
		t.Errorf("%v, %v", facts, err)
	}
	for _, content := range []string{
		"", "x", "-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----\n", one + "-----BEGIN PRIVATE KEY-----\neA==\n-----END PRIVATE KEY-----\n",
	} {
		if facts, err := (BundleFormat{}).Facts([]byte(content)); err == nil {
			t.Errorf("%q reads as %v", content, facts)
		}
	}
}

func FuzzChain(f *testing.F) {
	f.Add(EncodeChain(newAuthority(f, "one", time.Hour).Chain...))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		chain, err := ParseChain(text)
		if err != nil {
			return
		}
		again, err := ParseChain(EncodeChain(chain...))
		if err != nil || len(again) != len(chain) || Fingerprint(again[0]) != Fingerprint(chain[0]) {
			t.Fatalf("%d certificates came back as %d, %v", len(chain), len(again), err)
		}
		known := Certifier{Known: text, Clock: true}
		if facts := known.Observed(text, chain[0].PublicKey); len(facts) < len(known.Wanted()) {
			t.Fatalf("facts %v, wanted %v", facts, known.Wanted())
		}
	})
}
