package pki

import (
	"fmt"
	"time"
)

// BundleFormat is the syntax of a file of PEM certificates (RFC 7468). A fact "certificate N" says whose it is, how long it is valid and
// its SHA-256 fingerprint.
type BundleFormat struct{}

// Facts implements host.Format.
func (BundleFormat) Facts(content []byte) (map[string]string, error) {
	chain, err := ParseChain(content)
	if err != nil {
		return nil, err
	}
	facts := map[string]string{}
	for i, certificate := range chain {
		facts[fmt.Sprintf("certificate %d", i+1)] = fmt.Sprintf("%s, until %s, SHA-256 %s",
			certificate.Subject, certificate.NotAfter.UTC().Format(time.DateOnly), Fingerprint(certificate))
	}
	return facts, nil
}
