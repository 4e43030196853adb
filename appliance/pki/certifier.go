package pki

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Values of facts of certificates.
const (
	Valid       = "valid"
	ToBeRenewed = "to be renewed"
	Expired     = "expired"
	NotYet      = "not yet valid"

	Matches       = "matches"
	OfAnotherKey  = "belongs to another certificate"
	itself        = "itself"
	wrongIssuer   = " (its signature is not this issuer's)"
	certified     = "yes"
	unknownIssuer = ""
)

// Fact names of certificates, as in "certificate PATH: NAME". Besides them each name of the certificate is a fact: "DNS flow1", "IP ::1".
const (
	FactSubject     = "subject"
	FactIssuer      = "issuer"
	FactSerial      = "serial"
	FactNotAfter    = "not after"
	FactFingerprint = "fingerprint" // SHA-256
	FactUsage       = "usage"
	FactKey         = "key"
	FactValidity    = "validity"
)

// Certifier is a host.Certifier: a certificate that is there already, or one to be issued.
type Certifier struct {
	// Known is the content of the file where the certificate is known: the certificate and its intermediates, PEM.
	Known []byte
	// Remedy is what to do when the host has lost the key of a known certificate.
	Remedy string
	// Clock: the end of the certificate is a fact, "to be renewed" from Early before it on.
	Clock bool
	Early time.Duration

	// What follows is about a certificate that is to be issued.

	Spec Spec
	// Issuer is the authority's chain; nil: it is not known yet. SelfSigned: there is none.
	Issuer     []*x509.Certificate
	SelfSigned bool
	// Replaces is the fingerprint of the certificate that is to be replaced; any other one that says what it should will do.
	Replaces string
	// Issue makes the content of the file for a key.
	Issue func(ctx context.Context, key crypto.Signer) ([]byte, error)
}

var _ host.Certifier = Certifier{}

// Noun implements host.Certifier.
func (Certifier) Noun() string { return "certificate" }

// Issues implements host.Certifier.
func (c Certifier) Issues() bool { return c.Known == nil }

// PublicKey implements host.Certifier.
func (c Certifier) PublicKey() crypto.PublicKey {
	if chain, err := ParseChain(c.Known); err == nil {
		return chain[0].PublicKey
	}
	return nil
}

// Wanted implements host.Certifier.
func (c Certifier) Wanted() map[string]string {
	facts := map[string]string{}
	if c.Known != nil {
		chain, err := ParseChain(c.Known)
		if err != nil { // Check has refused it, so nothing is planned with it
			return map[string]string{FactSubject: host.Unreadable + ": " + err.Error()}
		}
		facts = describe(chain)
	} else {
		facts[FactSubject] = c.Spec.Subject.String()
		facts[FactIssuer] = host.OtherThan(unknownIssuer)
		facts[FactSerial], facts[FactNotAfter] = host.OtherThan(""), host.OtherThan("")
		facts[FactFingerprint] = host.OtherThan(c.Replaces)
		usages := make([]string, len(c.Spec.Usages))
		for i, usage := range c.Spec.Usages {
			usages[i] = string(usage)
		}
		slices.Sort(usages)
		facts[FactUsage] = strings.Join(usages, ", ")
		for _, name := range c.Spec.Names() {
			facts[name] = certified
		}
		switch {
		case c.SelfSigned:
			facts[FactIssuer] = itself
		case c.Issuer != nil:
			facts[FactIssuer] = issuerText(c.Issuer[0].Subject.String(), c.Issuer[0].SubjectKeyId)
			intermediates(facts, Authority{Chain: c.Issuer}.WithIntermediates(nil)[1:])
		}
	}
	facts[FactKey] = Matches
	if c.Clock {
		facts[FactValidity] = Valid
	}
	return facts
}

// Observed implements host.Certifier.
func (c Certifier) Observed(content []byte, public crypto.PublicKey) map[string]string {
	chain, err := ParseChain(content)
	if err != nil {
		return map[string]string{FactSubject: host.Unreadable + ": " + err.Error()}
	}
	facts := describe(chain)
	if c.Issuer != nil && chain[0].CheckSignatureFrom(c.Issuer[0]) != nil {
		facts[FactIssuer] += wrongIssuer
	}
	switch {
	case public == nil:
		facts[FactKey] = "there is no key that could be read"
	case host.SameKey(public, chain[0].PublicKey):
		facts[FactKey] = Matches
	default:
		facts[FactKey] = OfAnotherKey
	}
	if c.Clock {
		early := c.Early
		if c.Issuer != nil && EndsWith(chain[0], c.Issuer[0]) {
			early = 0 // a new one would end no later
		}
		facts[FactValidity] = Validity(chain[0], early)
	}
	return facts
}

// EndsWith tells whether a certificate ends together with its authority's: then issuing it anew does not prolong it.
func EndsWith(certificate, issuer *x509.Certificate) bool {
	return certificate.NotAfter.Equal(issuer.NotAfter)
}

// Validity says in a word how a certificate stands now.
func Validity(certificate *x509.Certificate, early time.Duration) string {
	switch now := Now(); {
	case now.Before(certificate.NotBefore):
		return NotYet
	case !now.Before(certificate.NotAfter):
		return Expired
	case Due(certificate, early):
		return ToBeRenewed
	}
	return Valid
}

// Chain implements host.Certifier.
func (c Certifier) Chain(ctx context.Context, key crypto.Signer) ([]byte, error) {
	content := c.Known
	if content == nil {
		var err error
		if c.Issue == nil {
			return nil, errors.New("nobody is known who issues the certificate")
		}
		if content, err = c.Issue(ctx, key); err != nil {
			return nil, err
		}
	}
	chain, err := ParseChain(content)
	if err != nil {
		return nil, err
	}
	if !host.SameKey(key.Public(), chain[0].PublicKey) {
		err := fmt.Errorf("the certificate (%s, serial %s) is not for the private key on the host: it is for another one", chain[0].Subject, Serial(chain[0]))
		if c.Remedy != "" {
			err = fmt.Errorf("%w. %s", err, c.Remedy)
		}
		return nil, err
	}
	return content, nil
}

// describe are the facts of a chain that do not depend on the time or a key.
func describe(chain []*x509.Certificate) map[string]string {
	leaf := chain[0]
	facts := map[string]string{
		FactSubject:     leaf.Subject.String(),
		FactIssuer:      issuerText(leaf.Issuer.String(), leaf.AuthorityKeyId),
		FactSerial:      Serial(leaf),
		FactNotAfter:    leaf.NotAfter.UTC().Format(time.RFC3339),
		FactFingerprint: Fingerprint(leaf),
		FactUsage:       strings.Join(usagesOf(leaf), ", "),
	}
	if SelfSigned(leaf) {
		facts[FactIssuer] = itself
	}
	for _, name := range namesOf(leaf) {
		facts[name] = certified
	}
	intermediates(facts, chain[1:])
	return facts
}

// issuerText names an issuer; two of one name differ by their keys.
func issuerText(name string, key []byte) string {
	if len(key) == 0 {
		return name
	}
	return name + " (key " + hex.EncodeToString(key) + ")"
}

func intermediates(facts map[string]string, chain []*x509.Certificate) {
	for i, certificate := range chain {
		facts[fmt.Sprintf("intermediate %d", i+1)] = certificate.Subject.String() + ", SHA-256 " + Fingerprint(certificate)
	}
}

// SelfSign issues the certificate of an authority for its own key.
func (c Certifier) SelfSign(_ context.Context, key crypto.Signer) ([]byte, error) {
	certificate, err := SelfSign(c.Spec, key)
	if err != nil {
		return nil, err
	}
	return EncodeChain(certificate), nil
}
