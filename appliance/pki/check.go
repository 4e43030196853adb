package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// CheckAuthority tells what is wrong with somebody's own authority: its certificate comes first, those of its issuers follow.
func CheckAuthority(chain []*x509.Certificate) error {
	first := chain[0]
	switch {
	case !first.BasicConstraintsValid || !first.IsCA:
		return fmt.Errorf("the first certificate (%s) is not an authority's: its basic constraints do not say CA", first.Subject)
	case first.KeyUsage != 0 && first.KeyUsage&x509.KeyUsageCertSign == 0:
		return fmt.Errorf("the first certificate (%s) may not sign certificates: its key usage lacks keyCertSign", first.Subject)
	}
	if err := current(first); err != nil {
		return err
	}
	return linked(chain)
}

// CheckIssued tells what is wrong with a certificate that somebody else has issued for what spec says: all that is wrong. Names that it has
// besides do no harm.
func CheckIssued(chain []*x509.Certificate, spec Spec) error {
	leaf := chain[0]
	errs := []error{current(leaf), linked(chain)}
	if leaf.IsCA {
		errs = append(errs, fmt.Errorf("the first certificate (%s) is an authority's: the host's own comes first, those of its issuers follow", leaf.Subject))
	}
	var missing []string
	for _, name := range spec.Names() {
		if !slices.Contains(namesOf(leaf), name) && !covered(leaf, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		errs = append(errs, fmt.Errorf("the certificate (%s) lacks these names: %s", leaf.Subject, strings.Join(missing, ", ")))
	}
	for _, usage := range spec.Usages {
		if len(leaf.ExtKeyUsage) > 0 && !slices.Contains(leaf.ExtKeyUsage, extendedUsages[usage]) && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
			errs = append(errs, fmt.Errorf("the certificate (%s) is not for %s: it is for %s", leaf.Subject, usage, strings.Join(usagesOf(leaf), ", ")))
		}
	}
	return errors.Join(errs...)
}

// covered tells whether a wildcard of the certificate stands for a name.
func covered(certificate *x509.Certificate, name string) bool {
	dns, ok := strings.CutPrefix(name, "DNS ")
	return ok && certificate.VerifyHostname(dns) == nil
}

func current(certificate *x509.Certificate) error {
	switch now := Now(); {
	case !now.Before(certificate.NotAfter):
		return fmt.Errorf("the certificate (%s) has expired: it ended on %s", certificate.Subject, certificate.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(certificate.NotBefore):
		return fmt.Errorf("the certificate (%s) is not valid yet: it begins on %s", certificate.Subject, certificate.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// linked tells whether each certificate is signed by the next one.
func linked(chain []*x509.Certificate) error {
	for i, certificate := range chain[:len(chain)-1] {
		if err := certificate.CheckSignatureFrom(chain[i+1]); err != nil {
			return fmt.Errorf("certificate %d (%s) is not signed by certificate %d (%s): %w", i+1, certificate.Subject, i+2, chain[i+1].Subject, err)
		}
	}
	return nil
}
