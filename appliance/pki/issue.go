package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Request makes a certificate signing request (PKCS #10), signed with the key that the certificate is to be for.
func Request(spec Spec, key crypto.Signer) (*x509.CertificateRequest, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: spec.Subject, DNSNames: spec.DNSNames, IPAddresses: spec.netIPs(),
	}, key)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	return x509.ParseCertificateRequest(der)
}

// EncodeRequest is a request as PEM.
func EncodeRequest(request *x509.CertificateRequest) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request.Raw})
}

// ParseRequest is the inverse of EncodeRequest.
func ParseRequest(text []byte) (*x509.CertificateRequest, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("there is no PEM certificate request in it")
	}
	return x509.ParseCertificateRequest(block.Bytes)
}

// Authority is who signs: its own certificate and those of its issuers, and the key, which may be on a host.
type Authority struct {
	Chain []*x509.Certificate
	Key   crypto.Signer
}

// Issue makes a certificate for the key of a request. What it says is decided by spec, not by the request. It never outlives the authority's.
func (a Authority) Issue(request *x509.CertificateRequest, spec Spec) (*x509.Certificate, error) {
	if err := request.CheckSignature(); err != nil {
		return nil, fmt.Errorf("the request is not signed with its own key: %w", err)
	}
	issuer := a.Chain[0]
	if !host.SameKey(a.Key.Public(), issuer.PublicKey) {
		return nil, fmt.Errorf("the private key of the authority is not that of its certificate (%s)", issuer.Subject)
	}
	now := Now().UTC().Truncate(time.Second)
	if !now.Before(issuer.NotAfter) {
		return nil, fmt.Errorf("the certificate of the authority (%s) ended on %s", issuer.Subject, issuer.NotAfter.UTC().Format(time.RFC3339))
	}
	end := now.Add(spec.Validity)
	if end.After(issuer.NotAfter) {
		end = issuer.NotAfter
	}
	template := &x509.Certificate{
		Subject: spec.Subject, DNSNames: spec.DNSNames, IPAddresses: spec.netIPs(),
		NotBefore: now.Add(-Skew), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	if _, ok := request.PublicKey.(*rsa.PublicKey); ok {
		template.KeyUsage |= x509.KeyUsageKeyEncipherment // TLS 1.2 without Diffie-Hellman
	}
	for _, usage := range spec.Usages {
		template.ExtKeyUsage = append(template.ExtKeyUsage, extendedUsages[usage])
	}
	return create(template, issuer, request.PublicKey, a.Key)
}

// SelfSign makes the certificate of an authority that signs certificates of hosts, and no further authorities.
func SelfSign(spec Spec, key crypto.Signer) (*x509.Certificate, error) {
	now := Now().UTC().Truncate(time.Second)
	template := &x509.Certificate{
		Subject: spec.Subject, NotBefore: now.Add(-Skew), NotAfter: now.Add(spec.Validity),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	return create(template, template, key.Public(), key)
}

func create(template, issuer *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// WithIntermediates is what a server sends: its certificate, and those of the authority up to the one that others trust, which they have.
func (a Authority) WithIntermediates(certificate *x509.Certificate) []*x509.Certificate {
	return append([]*x509.Certificate{certificate}, slices.DeleteFunc(slices.Clone(a.Chain), SelfSigned)...)
}
