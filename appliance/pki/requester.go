package pki

import (
	"context"
	"crypto"
	"crypto/x509"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Requester is a host.Certifier of a certificate signing request, for an authority that is not ours.
type Requester struct {
	Known []byte // the request, PEM; nil: it is to be made
	Spec  Spec
}

var _ host.Certifier = Requester{}

// Noun implements host.Certifier.
func (Requester) Noun() string { return "request" }

// Issues implements host.Certifier.
func (r Requester) Issues() bool { return r.Known == nil }

// PublicKey implements host.Certifier.
func (r Requester) PublicKey() crypto.PublicKey {
	if request, err := ParseRequest(r.Known); err == nil {
		return request.PublicKey
	}
	return nil
}

// Wanted implements host.Certifier.
func (r Requester) Wanted() map[string]string {
	facts := map[string]string{FactSubject: r.Spec.Subject.String(), FactKey: Matches}
	for _, name := range r.Spec.Names() {
		facts[name] = certified
	}
	return facts
}

// Observed implements host.Certifier.
func (r Requester) Observed(content []byte, public crypto.PublicKey) map[string]string {
	request, err := ParseRequest(content)
	if err != nil {
		return map[string]string{FactSubject: host.Unreadable + ": " + err.Error()}
	}
	facts := map[string]string{FactSubject: request.Subject.String(), FactKey: OfAnotherKey}
	if public != nil && host.SameKey(public, request.PublicKey) && request.CheckSignature() == nil {
		facts[FactKey] = Matches
	}
	for _, name := range requestNames(request) {
		facts[name] = certified
	}
	return facts
}

func requestNames(request *x509.CertificateRequest) []string {
	return specNames(request.DNSNames, request.IPAddresses).Names()
}

// Says tells whether a request asks for what spec says.
func (r Requester) Says(request *x509.CertificateRequest) bool {
	return request.Subject.String() == r.Spec.Subject.String() && sameStrings(requestNames(request), r.Spec.Names())
}

// Chain implements host.Certifier: the request for the key.
func (r Requester) Chain(_ context.Context, key crypto.Signer) ([]byte, error) {
	if r.Known != nil {
		if request, err := ParseRequest(r.Known); err == nil && host.SameKey(key.Public(), request.PublicKey) {
			return r.Known, nil
		}
	}
	request, err := Request(r.Spec, key)
	if err != nil {
		return nil, err
	}
	return EncodeRequest(request), nil
}
