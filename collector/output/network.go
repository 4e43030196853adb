package output

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
)

// clientTLS speaks TLS with the PEM files of the settings below section: caFile has certificates that sign the servers', and empty is the
// system's; the others are what is shown to servers that ask, and empty shows none.
func clientTLS(section, caFile, certificateFile, keyFile string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("unable to read %s.ca_file: %w", section, err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("unable to use %s.ca_file %s: no PEM certificate in it", section, caFile)
		}
	}
	if certificateFile != "" {
		pair, err := tls.LoadX509KeyPair(certificateFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("unable to use %s.client_certificate_file %s with client_key_file %s: %w", section, certificateFile, keyFile, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// awayProblem names why a server cannot be reached, where TLS is not the reason.
func awayProblem(server string, err error) (cause, text string) {
	var (
		timeout net.Error
		dns     *net.DNSError
		sys     *os.SyscallError
	)
	away := server + " away: "
	switch {
	case errors.As(err, &dns):
		return "connection", away + "unable to resolve " + dns.Name
	case errors.As(err, &sys):
		return "connection", away + sys.Err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout", away + "no answer in time"
	}
	return "connection", away + shorten(err.Error())
}
