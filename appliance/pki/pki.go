// Package pki makes certificates for hosts whose private keys stay on them: Go makes requests and certificates, and a host only signs digests
// with its key. It also checks certificates that others made, and says when an authority may give way to the next. It knows nothing of Terraform.
package pki

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// Now is the clock that decides what is valid; tests set it.
var Now = time.Now

// Skew is how far certificates reach into the past: the clocks of hosts differ.
const Skew = time.Hour

// ParseChain reads PEM certificates, in their order. There has to be one, and nothing but certificates: a private key among them is refused by
// name.
func ParseChain(text []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("there is a %s where certificates belong", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(chain)+1, err)
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		return nil, errors.New("there is no PEM certificate in it")
	}
	return chain, nil
}

// EncodeChain is the inverse of ParseChain.
func EncodeChain(chain ...*x509.Certificate) []byte {
	var text bytes.Buffer
	for _, certificate := range chain {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	}
	return text.Bytes()
}

// Fingerprint is the SHA-256 of a certificate, in hexadecimal.
func Fingerprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

// Serial is the serial number of a certificate, in hexadecimal.
func Serial(certificate *x509.Certificate) string {
	return hex.EncodeToString(certificate.SerialNumber.Bytes())
}

// SelfSigned tells whether a certificate names itself as its issuer: nobody needs to be told of its issuer.
func SelfSigned(certificate *x509.Certificate) bool {
	return string(certificate.RawIssuer) == string(certificate.RawSubject)
}

// Due tells whether a certificate ends within early from now on.
func Due(certificate *x509.Certificate, early time.Duration) bool {
	return !Now().Before(certificate.NotAfter.Add(-early))
}
