package output

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	elasticsearch "github.com/elastic/go-elasticsearch/v7"
)

const (
	dialTime = 10 * time.Second
	// lookTime is how long a request that only looks at something may take.
	lookTime = 30 * time.Second
	// answerLimit bounds what is read of an answer: about 100 bytes an item, and errors.
	answerLimit = 64 << 20
)

// Connection says how to reach Elasticsearch.
type Connection struct {
	Addresses []string // URLs of nodes of one cluster
	// Secrets reads how to prove who this is. It is called again when Elasticsearch refuses what it said before; nil: nothing is proven.
	Secrets func() (Secrets, error)
	// PEM files, which are read again when they change. CAFile has certificates that sign the servers'; empty is the system's. The others are
	// what is shown to servers that ask; empty shows none.
	CAFile, ClientCertificateFile, ClientKeyFile string

	UserAgent string // what the server's logs call this client
	Idle      int    // connections kept open to each node while they are not in use; at least 1
	Logger    *slog.Logger
}

// Client speaks to the nodes of one cluster. It is safe for concurrent use.
type Client struct {
	*elasticsearch.Client
	transport *transport
}

// NewClient checks the configuration. It does not wait for the server.
func NewClient(c Connection) (*Client, error) {
	t, err := newTransport(c)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	if c.UserAgent != "" {
		header.Set("User-Agent", c.UserAgent)
	}
	es, err := elasticsearch.NewClient(elasticsearch.Config{
		Addresses: c.Addresses, Header: header,
		DisableRetry: true, // the senders retry, with the state of each document in view
		Transport:    plainEOF{t},
	})
	if err != nil {
		return nil, fmt.Errorf("unable to use output.elasticsearch.addresses: %w", err)
	}
	return &Client{Client: es, transport: t}, nil
}

// Close ends connections that are not in use.
func (c *Client) Close() { c.transport.close() }

// reply is an answer to a request that is not a bulk request.
type reply struct {
	status int
	body   []byte
}

// ok says that the request was granted.
func (r reply) ok() bool { return r.status >= 200 && r.status < 300 }

// kind is the type of the error that the answer tells; empty when it tells none.
func (r reply) kind() string {
	if e := errorOf(r.body); e != nil {
		return e.Type
	}
	return ""
}

// do makes one request; path is escaped, with its query. A body that is not nil is sent as JSON. The error is an awayError as a rule.
func (c *Client) do(ctx context.Context, method, path string, body any) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, path, content)
	if err != nil {
		return reply{}, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := c.Perform(r) //nolint:bodyclose // drainBody does
	if err != nil {
		return reply{}, awayErrorOf(err)
	}
	defer drainBody(res.Body)
	text, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return reply{}, awayErrorOf(err)
	}
	return reply{res.StatusCode, text}, nil
}

// awayError is why there was no answer.
type awayError struct{ cause, text string }

func awayErrorOf(err error) *awayError {
	cause, text := connectionProblem(err)
	return &awayError{cause, text}
}

func (a *awayError) Error() string { return a.text }

// escape makes a name fit for a path.
func escape(name string) string { return url.PathEscape(name) }

func drainBody(body io.ReadCloser) {
	// For the connection to be used again; nothing depends on it.
	_, _ = io.Copy(io.Discard, io.LimitReader(body, 1<<20))
	_ = body.Close()
}

// connectionProblem names why there was no answer.
func connectionProblem(err error) (cause, text string) {
	var (
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &unknown):
		return "tls", "Elasticsearch's certificate is signed by an unknown authority: set output.elasticsearch.ca_file"
	case errors.As(err, &host), errors.As(err, &invalid):
		return "tls", "Elasticsearch's certificate is not accepted: " + err.Error()
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "tls", "Elasticsearch does not speak TLS at this address: use http:// in output.elasticsearch.addresses"
	case strings.Contains(err.Error(), "the client noticed that the server is not"):
		return "not_elasticsearch", "the server at output.elasticsearch.addresses is not Elasticsearch 7, or a proxy removes the X-Elastic-Product header"
	case strings.Contains(err.Error(), "cannot retrieve informations from Elasticsearch"):
		return "server_error", "Elasticsearch away: it is not ready"
	}
	return awayProblem("Elasticsearch", err)
}
