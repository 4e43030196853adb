package output

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/filestamp"
)

// Secrets are how a client proves who it is: by an API key in the encoded form, or by user and password; empty proves nothing.
type Secrets struct {
	APIKey             string
	Username, Password string
}

func (s Secrets) authorize(r *http.Request) {
	switch {
	case s.APIKey != "":
		r.Header.Set("Authorization", "ApiKey "+s.APIKey)
	case s.Username != "":
		r.SetBasicAuth(s.Username, s.Password)
	}
}

// who is how messages call whoever the secrets are of.
func (s Secrets) who() string {
	switch {
	case s.APIKey != "":
		return "the API key"
	case s.Username != "":
		return fmt.Sprintf("user %q", s.Username)
	}
	return "requests without a user"
}

// settings are where the secrets come from.
func (s Secrets) settings() string {
	switch {
	case s.APIKey != "":
		return "output.elasticsearch.api_key_file, or the credential"
	case s.Username != "":
		return "output.elasticsearch.username and the password"
	}
	return "output.elasticsearch.username or api_key_file"
}

// filesInterval is how often, at most, the files of certificates are looked at for a change.
const filesInterval = 5 * time.Second

// transport sends requests with the secrets and certificates as they are at the time.
type transport struct {
	config Connection
	clock  func() time.Time

	mu      sync.Mutex
	secrets Secrets
	looked  time.Time // at the files
	seen    filestamp.Stamps
	current *http.Transport
}

func newTransport(c Connection) (*transport, error) {
	t := &transport{config: c, clock: time.Now}
	var err error
	if c.Secrets != nil {
		if t.secrets, err = c.Secrets(); err != nil {
			return nil, err
		}
	}
	t.looked, t.seen = t.clock(), filestamp.Of(t.files()...)
	t.current, err = t.build()
	return t, err
}

// files are those of certificates that are set.
func (t *transport) files() (list []string) {
	for _, path := range []string{t.config.CAFile, t.config.ClientCertificateFile, t.config.ClientKeyFile} {
		if path != "" {
			list = append(list, path)
		}
	}
	return list
}

func (t *transport) build() (*http.Transport, error) {
	h := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented
	h.DialContext = (&net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second}).DialContext
	h.TLSHandshakeTimeout = dialTime
	h.MaxIdleConnsPerHost = max(t.config.Idle, 1)
	h.WriteBufferSize = 64 << 10
	var err error
	h.TLSClientConfig, err = clientTLS("output.elasticsearch", t.config.CAFile, t.config.ClientCertificateFile, t.config.ClientKeyFile)
	return h, err
}

// RoundTrip implements http.RoundTripper. When the secrets are refused they are read again: the next request has the new ones.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	h, secrets := t.latest()
	r = r.Clone(r.Context()) // RoundTripper must not change what it is given
	secrets.authorize(r)
	res, err := h.RoundTrip(r)
	if err == nil && res.StatusCode == http.StatusUnauthorized && t.config.Secrets != nil {
		if again, serr := t.config.Secrets(); serr == nil {
			t.mu.Lock()
			t.secrets = again
			t.mu.Unlock()
		}
	}
	return res, err
}

// whoever returns the secrets that are in use.
func (t *transport) whoever() Secrets {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.secrets
}

// close ends connections that are not in use.
func (t *transport) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current.CloseIdleConnections()
}

func (t *transport) latest() (*http.Transport, Secrets) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.clock(); now.Sub(t.looked) >= filesInterval && len(t.seen) > 0 {
		t.looked = now
		if seen := filestamp.Of(t.files()...); !seen.Equal(t.seen) {
			h, err := t.build()
			if err != nil {
				t.config.Logger.Error("the certificates changed and cannot be used, those of before stay in force", "error", err)
			} else {
				t.current.CloseIdleConnections() // those in use end with their answer
				t.current = h
				t.config.Logger.Info("certificates read again", "setting", "output.elasticsearch")
			}
			t.seen = seen
		}
	}
	return t.current, t.secrets
}

// plainEOF hides io.EOF from the client's transport, which takes it for a reason to send again, with a body that is
// read to its end already.
type plainEOF struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t plainEOF) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.RoundTripper.RoundTrip(r)
	if errors.Is(err, io.EOF) {
		err = errServerClosed
	}
	return res, err
}

var errServerClosed = errors.New("the server closed the connection without an answer; does it expect https?")
