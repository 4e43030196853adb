package flowcollector

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// CertificateFormat is the syntax of a file of PEM certificates (RFC 7468). A fact "certificate N" says whose it is, how long it is valid and
// its SHA-256 fingerprint.
type CertificateFormat struct{}

// Facts implements host.Format.
func (CertificateFormat) Facts(content []byte) (map[string]string, error) {
	facts := map[string]string{}
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("there is a %s where certificates belong", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(facts)+1, err)
		}
		facts[fmt.Sprintf("certificate %d", len(facts)+1)] = fmt.Sprintf("%s, until %s, SHA-256 %x",
			certificate.Subject, certificate.NotAfter.UTC().Format(time.DateOnly), sha256.Sum256(certificate.Raw))
	}
	if len(facts) == 0 {
		return nil, errors.New("there is no PEM certificate in it")
	}
	return facts, nil
}
