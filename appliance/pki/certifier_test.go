package pki

import (
	"context"
	"crypto"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// toIssue is a certifier of a certificate that an authority is to issue.
func toIssue(a Authority) Certifier {
	c := Certifier{Spec: nodeSpec(), Issuer: a.Chain, Clock: true, Early: day}
	c.Issue = func(_ context.Context, key crypto.Signer) ([]byte, error) {
		request, err := Request(c.Spec, key)
		if err != nil {
			return nil, err
		}
		certificate, err := a.Issue(request, c.Spec)
		if err != nil {
			return nil, err
		}
		return EncodeChain(a.WithIntermediates(certificate)...), nil
	}
	return c
}

// changes are what has to change, besides open facts that anything satisfies.
func changes(c Certifier, content []byte, public crypto.PublicKey) map[string]string {
	wrong := map[string]string{}
	for _, change := range host.Facts(c.Observed(content, public)).Changes(c.Wanted()) {
		if !host.IsOpen(change.To) || host.OtherThan(change.From) == change.To {
			wrong[change.Fact] = change.From
		}
	}
	return wrong
}

func TestCertifier(t *testing.T) {
	a := newAuthority(t, "authority", 2000*day)
	wanted, key := toIssue(a), newKey(t)
	if !wanted.Issues() || wanted.PublicKey() != nil {
		t.Error("there is nothing to issue")
	}
	content, err := wanted.Chain(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if got := changes(wanted, content, key.Public()); len(got) > 0 {
		t.Errorf("what was issued is not as wanted: %v", got)
	}
	known := Certifier{Known: content, Clock: true, Early: day}
	if got := host.Facts(known.Observed(content, key.Public())).Changes(known.Wanted()); len(got) > 0 || known.Issues() || !host.SameKey(known.PublicKey(), key.Public()) {
		t.Errorf("what is known is not as wanted: %v", got)
	}
	if same, err := known.Chain(t.Context(), key); err != nil || string(same) != string(content) {
		t.Errorf("%q, %v", same, err)
	}
	known.Remedy = "do something"
	if _, err := known.Chain(t.Context(), newKey(t)); err == nil || !strings.Contains(err.Error(), "not for the private key on the host") || !strings.Contains(err.Error(), "do something") {
		t.Error(err)
	}
	if _, err := (Certifier{}).Chain(t.Context(), key); err == nil {
		t.Error("nobody issues, and there is a certificate")
	}
}

// TestDrift says what a person would be told of a certificate that is not as wanted.
func TestDrift(t *testing.T) {
	a := newAuthority(t, "authority", 2000*day)
	wanted, key := toIssue(a), newKey(t)
	issued := func(change func(*Certifier)) []byte {
		other := toIssue(a)
		change(&other)
		spec, from := other.Spec, a
		if other.Issuer == nil {
			from = newAuthority(t, "authority", 2000*day) // of the same name
		}
		request, err := Request(spec, key)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := from.Issue(request, spec)
		if err != nil {
			t.Fatal(err)
		}
		return EncodeChain(certificate)
	}
	same := issued(func(*Certifier) {})
	chain, err := ParseChain(same)
	if err != nil {
		t.Fatal(err)
	}
	replaced := wanted
	replaced.Replaces = Fingerprint(chain[0])
	for what, c := range map[string]struct {
		certifier Certifier
		content   []byte
		public    crypto.PublicKey
		want      map[string]string
	}{
		"as wanted":    {wanted, same, key.Public(), map[string]string{}},
		"replaced":     {replaced, same, key.Public(), map[string]string{FactFingerprint: Fingerprint(chain[0])}},
		"a name":       {wanted, issued(func(c *Certifier) { c.Spec.DNSNames = c.Spec.DNSNames[:1] }), key.Public(), map[string]string{"DNS localhost": host.Absent}},
		"an address":   {wanted, issued(func(c *Certifier) { c.Spec.Addresses = append(c.Spec.Addresses, addresses("192.0.2.9")...) }), key.Public(), map[string]string{"IP 192.0.2.9": "yes"}},
		"another key":  {wanted, same, newKey(t).Public(), map[string]string{FactKey: OfAnotherKey}},
		"no key":       {wanted, same, nil, map[string]string{FactKey: "there is no key that could be read"}},
		"due":          {wanted, issued(func(c *Certifier) { c.Spec.Validity = time.Hour }), key.Public(), map[string]string{FactValidity: ToBeRenewed}},
		"ended":        {wanted, issued(func(c *Certifier) { c.Spec.Validity = -time.Minute }), key.Public(), map[string]string{FactValidity: Expired}},
		"a usage":      {wanted, issued(func(c *Certifier) { c.Spec.Usages = c.Spec.Usages[:1] }), key.Public(), map[string]string{FactUsage: "server_auth"}},
		"intermediate": {wanted, append(append([]byte{}, same...), EncodeChain(a.Chain...)...), key.Public(), map[string]string{"intermediate 1": "CN=authority, SHA-256 " + Fingerprint(a.Chain[0])}},
	} {
		if got := changes(c.certifier, c.content, c.public); !cmp.Equal(got, c.want) {
			t.Errorf("%s: %s", what, cmp.Diff(c.want, got))
		}
	}
	// Another authority of the same name is another one.
	if got := changes(wanted, issued(func(c *Certifier) { c.Issuer = nil }), key.Public())[FactIssuer]; !strings.HasPrefix(got, "CN=authority (key ") || !strings.HasSuffix(got, wrongIssuer) {
		t.Errorf("issuer %q", got)
	}
	if got := wanted.Observed([]byte("x"), key.Public()); !strings.HasPrefix(got[FactSubject], host.Unreadable) {
		t.Errorf("%v", got)
	}
}

func TestSelfSign(t *testing.T) {
	c, key := Certifier{SelfSigned: true, Spec: Spec{Subject: nodeSpec().Subject, Validity: day}}, newKey(t)
	c.Issue = c.SelfSign
	content, err := c.Chain(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if got := changes(c, content, key.Public()); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

func TestRequester(t *testing.T) {
	r, key := Requester{Spec: nodeSpec()}, newKey(t)
	content, err := r.Chain(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if got := host.Facts(r.Observed(content, key.Public())).Changes(r.Wanted()); len(got) > 0 || !r.Issues() {
		t.Errorf("%v", got)
	}
	request, err := ParseRequest(content)
	if err != nil || !r.Says(request) {
		t.Fatalf("%v, %v", request, err)
	}
	known := Requester{Spec: r.Spec, Known: content}
	if same, err := known.Chain(t.Context(), key); err != nil || string(same) != string(content) || !host.SameKey(known.PublicKey(), key.Public()) {
		t.Errorf("the request is made anew: %v", err)
	}
	if other, err := known.Chain(t.Context(), newKey(t)); err != nil || string(other) == string(content) {
		t.Errorf("the request of another key stays: %v", err)
	}
	r.Spec.DNSNames = []string{"other"}
	if r.Says(request) || len(host.Facts(r.Observed(content, key.Public())).Changes(r.Wanted())) == 0 {
		t.Error("other names are the same")
	}
	if got := r.Observed([]byte("x"), nil); !strings.HasPrefix(got[FactSubject], host.Unreadable) {
		t.Errorf("%v", got)
	}
}

// TestWithIntermediates: the certificate that others trust is not sent.
func TestWithIntermediates(t *testing.T) {
	root := newAuthority(t, "root", 2000*day)
	middle := &x509.Certificate{RawIssuer: []byte("root"), RawSubject: []byte("middle")}
	leaf := &x509.Certificate{}
	if got := (Authority{Chain: []*x509.Certificate{middle, root.Chain[0]}}).WithIntermediates(leaf); len(got) != 2 || got[0] != leaf || got[1] != middle {
		t.Errorf("%v", got)
	}
}
