package elasticfake

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// Real is a server that the environment names, for tests to run against it what they run against a Cluster.
type Real struct {
	URL, Username, Password string
	CA                      string // PEM; empty: the system's
	Client                  *http.Client
}

// FromEnvironment is the server that ELASTICSEARCH_URL (or KIBANA_URL, by the program) names, with the credentials in ELASTICSEARCH_USERNAME and
// ELASTICSEARCH_PASSWORD and, in the file that ELASTICSEARCH_CA_FILE names, the authorities to trust. Nil: none is named. It should be one to throw away: tests
// make and remove things on it, with names that begin with flowstack-test. Addresses of packages, which the end-to-end tests install, are none of a server.
func FromEnvironment(program string) (*Real, error) {
	r := &Real{URL: os.Getenv(program + "_URL"), Username: os.Getenv(program + "_USERNAME"), Password: os.Getenv(program + "_PASSWORD")}
	if r.URL == "" || strings.HasSuffix(r.URL, ".deb") {
		return nil, nil //nolint:nilnil // documented
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if file := os.Getenv(program + "_CA_FILE"); file != "" {
		pem, err := os.ReadFile(file) //nolint:gosec // whoever runs the tests says which
		if err != nil {
			return nil, fmt.Errorf("%s_CA_FILE: %w", program, err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New(program + "_CA_FILE: there is no certificate in it")
		}
		r.CA = string(pem)
	}
	r.Client = &http.Client{Transport: &http.Transport{TLSClientConfig: trust}}
	return r, nil
}
