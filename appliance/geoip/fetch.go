package geoip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// attempts are how often a server is asked that is busy or that the network does not get to; firstWait is how long after the first time, and it
// doubles. Less in tests.
var (
	attempts  = 4
	firstWait = time.Second
)

var errRedirect = errors.New("a redirect that is not followed")

// maxRedirects is how many redirects are followed.
const maxRedirects = 10

// client goes through the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).
func client() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is documented to be one
	proxy := httpproxy.FromEnvironment().ProxyFunc()
	transport.Proxy = func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
	transport.ResponseHeaderTimeout = time.Minute
	transport.DisableKeepAlives = true // one request each: nothing stays open
	transport.DisableCompression = true
	return &http.Client{Transport: transport, CheckRedirect: checkRedirect}
}

// checkRedirect lets credentials go to no other server than the one that was asked, and nothing in the clear that began with TLS.
func checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: there were %d before", errRedirect, maxRedirects)
	case first.Scheme == "https" && r.URL.Scheme != "https":
		return fmt.Errorf("%w: to %s, without TLS", errRedirect, r.URL.Host)
	case r.URL.Scheme != first.Scheme || r.URL.Host != first.Host:
		r.Header.Del("Authorization")
	}
	r.Header.Del("Referer")
	return nil
}

// request gets a URL; the body is the caller's to close. What may be better a moment later is tried again.
func (s Source) request(ctx context.Context, address string) (io.ReadCloser, error) {
	for attempt, wait := 1, firstWait; ; attempt, wait = attempt+1, 2*wait {
		body, again, err := s.try(ctx, address)
		if err == nil || !again || attempt == attempts {
			return body, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
	}
}

func (s Source) try(ctx context.Context, address string) (body io.ReadCloser, again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, false, errors.New("it is not a URL")
	}
	r.Header.Set("User-Agent", "terraform-provider-flowstack")
	switch {
	case s.Key == "":
	case s.Account != "":
		r.SetBasicAuth(s.Account, s.Key)
	default:
		r.Header.Set("Authorization", "Bearer "+s.Key)
	}
	response, err := client().Do(r)
	if err != nil {
		err = s.explain(ctx, err)
		return nil, !errors.Is(err, errRedirect) && !isCertificate(err), err
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, false, nil
	}
	said, _ := io.ReadAll(io.LimitReader(response.Body, 300))
	return nil, response.StatusCode >= http.StatusInternalServerError, errors.Join(s.status(response, string(said)), response.Body.Close())
}

// isCertificate tells whether the other end is not who it should be, which does not get better.
func isCertificate(err error) bool {
	wrong := (*tls.CertificateVerificationError)(nil)
	return errors.As(err, &wrong)
}

// get gets a small text.
func (s Source) get(ctx context.Context, address string, most int64) ([]byte, error) {
	body, err := s.request(ctx, address)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(body, most))
	return text, errors.Join(err, body.Close())
}

// explain leaves out the query of a URL: after a redirect it may have a signature.
func (s Source) explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if ue := (*url.Error)(nil); errors.As(err, &ue) {
		return fmt.Errorf("get %s: %w", withoutQuery(ue.URL), ue.Err)
	}
	return err
}

func (s Source) status(response *http.Response, said string) error {
	text := fmt.Sprintf("%s answers %s", response.Request.URL.Host, response.Status)
	said = strings.Join(strings.Fields(said), " ")
	if said != "" && !strings.Contains(said, "<") && (s.Key == "" || !strings.Contains(said, s.Key)) {
		text += fmt.Sprintf(" (%q)", said)
	}
	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		switch {
		case s.Key == "":
			text += ": it asks for license_key_wo"
		case s.Edition != "":
			text += ": account_id and license_key_wo do not go together, or the account has no right to the edition"
		default:
			text += ": it does not accept license_key_wo"
		}
	case http.StatusNotFound:
		if s.Edition != "" {
			text += ": is there an edition of this name?"
		}
	case http.StatusTooManyRequests:
		text += ": there were too many downloads today"
	}
	return errors.New(text)
}
