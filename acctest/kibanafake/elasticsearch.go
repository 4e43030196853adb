package kibanafake

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// elasticsearch is the one that a Kibana is told of.
type elasticsearch struct {
	http           *http.Client
	hosts          []string
	user, password string
}

// elasticsearch makes a client of the settings (core/elasticsearch/elasticsearch_config).
func (s *programSettings) elasticsearch() (*elasticsearch, error) {
	e := &elasticsearch{hosts: s.list("elasticsearch.hosts"), user: s.text("elasticsearch.username"), password: s.text("elasticsearch.password")}
	if len(e.hosts) == 0 {
		e.hosts = []string{"http://localhost:9200"}
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if files := s.list("elasticsearch.ssl.certificateAuthorities"); len(files) > 0 {
		trust.RootCAs = x509.NewCertPool()
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, nodeError(err)
			}
			trust.RootCAs.AppendCertsFromPEM(content)
		}
	}
	if mode := s.text("elasticsearch.ssl.verificationMode"); mode == "none" || mode == "certificate" {
		trust.InsecureSkipVerify = true
		if mode == "certificate" {
			trust.VerifyConnection = func(state tls.ConnectionState) error {
				_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: trust.RootCAs})
				return err
			}
		}
	}
	e.http = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: trust}}
	return e, nil
}

// secured tells whether Kibana has credentials; with none, Elasticsearch has no security either.
func (e *elasticsearch) secured() bool { return e.user != "" && e.password != "" }

// nodes asks for the versions of the nodes, with Kibana's own user (core/elasticsearch/version_check).
func (e *elasticsearch) nodes(ctx context.Context) error {
	var failed error
	for _, host := range e.hosts {
		status, body, err := e.get(ctx, host+"/_nodes?filter_path=nodes.*.version,nodes.*.http.publish_address,nodes.*.ip", e.user, e.password)
		switch {
		case err != nil:
			failed = fmt.Errorf("connect error: %w", err)
		case status == http.StatusOK:
			return nil
		default:
			failed = body
		}
	}
	return failed
}

// authenticate asks for a user's own credentials (security plugin, basic provider).
func (e *elasticsearch) authenticate(ctx context.Context, user, password string) (bool, error) {
	status, _, err := e.get(ctx, e.hosts[0]+"/_security/_authenticate", user, password)
	switch {
	case err != nil:
		return false, err
	case status == http.StatusOK:
		return true, nil
	case status == http.StatusUnauthorized:
		return false, nil
	}
	return false, fmt.Errorf("Elasticsearch answered %d", status) //nolint:staticcheck // a name
}

// get asks; body is the error of an answer that is one.
func (e *elasticsearch) get(ctx context.Context, url, user, password string) (status int, body, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	response, err := e.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read
	var answer struct {
		Error struct{ Type, Reason string }
	}
	if response.StatusCode == http.StatusOK {
		return response.StatusCode, nil, nil
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return response.StatusCode, errors.New(http.StatusText(response.StatusCode)), nil
	}
	return response.StatusCode, errors.New(strings.Join([]string{answer.Error.Type, answer.Error.Reason}, ": ")), nil
}
