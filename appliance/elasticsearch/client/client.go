// Package client asks Elasticsearch 7.17, over whatever connection it is given: who asks, whom to trust, what an answer means, and how long to wait
// for a server that is starting. It knows nothing of Terraform.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/elastic/go-elasticsearch/v7"
	"github.com/elastic/go-elasticsearch/v7/esapi"
)

// DefaultEndpoint is a node as its own host sees it.
const DefaultEndpoint = "https://127.0.0.1:9200"

// answerLimit bounds what is read of an answer, in octets.
const answerLimit = 8 << 20

// DialFunc connects to an address as net.Dialer does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Config says where Elasticsearch is and how to reach it. Nothing is connected before the first question.
type Config struct {
	Endpoint    string // https://127.0.0.1:9200; empty is DefaultEndpoint
	Dial        DialFunc
	Trust       Trust
	Credentials []Credentials // tried in this order when one is refused; none: anonymous
}

// FieldError is a mistake in a Config.
type FieldError struct {
	Field   string // of Config: Endpoint, Trust
	Message string
}

func (e *FieldError) Error() string { return e.Message }

// Client asks one Elasticsearch. It may be used by several goroutines at once.
type Client struct {
	api         *elasticsearch.Client
	credentials *Tries
}

// New makes a client. The error is a *FieldError when the configuration is to blame.
func New(config Config) (*Client, error) {
	endpoint := config.Endpoint
	if endpoint == "" {
		endpoint = DefaultEndpoint
	}
	at, err := url.Parse(endpoint)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, &FieldError{"Endpoint", "must be a URL such as " + DefaultEndpoint} // not shown: there may be a password in it
	}
	if at.User != nil {
		return nil, &FieldError{"Endpoint", "write user and password as attributes, not in the URL"}
	}
	trusted, err := newTrusting(config.Dial, config.Trust)
	if err != nil {
		return nil, err
	}
	api, err := elasticsearch.NewClient(elasticsearch.Config{
		Addresses: []string{at.String()},
		// The product check of the first request would need the right to see the root; the header of each answer says the same.
		UseResponseCheckOnly: true,
		RetryBackoff:         func(attempt int) time.Duration { return time.Duration(attempt) * time.Second },
		Transport: &http.Transport{
			DialContext:           config.Dial,
			DialTLSContext:        trusted.dial,
			ResponseHeaderTimeout: time.Minute,
			IdleConnTimeout:       5 * time.Second,
			MaxConnsPerHost:       2, // each takes one of the few sessions of the host's connection, idle ones too
		},
	})
	if err != nil {
		return nil, err
	}
	return &Client{api: api, credentials: NewTries(config.Credentials...)}, nil
}

// As is a client of the same server that asks with other credentials.
func (c *Client) As(who ...Credentials) *Client {
	return &Client{api: c.api, credentials: NewTries(who...)}
}

// Or is a client of the same server that tries further credentials when its own are refused.
func (c *Client) Or(who ...Credentials) *Client {
	return c.As(append(c.credentials.all(), who...)...)
}

// Learn adds the new password of a user, if it is one that the client asks as: so it still gets answers after it has changed its own password.
func (c *Client) Learn(who Credentials) { c.credentials.learn(who) }

// Call asks and returns the answer. One that is an error is a *StatusError; ErrForeign is one that Elasticsearch does not give.
func (c *Client) Call(ctx context.Context, request esapi.Request) (body []byte, err error) {
	response, err := request.Do(ctx, c)
	if err != nil {
		if strings.Contains(err.Error(), "not Elasticsearch") {
			return nil, fmt.Errorf("%w: %w", ErrForeign, err)
		}
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	body, err = io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of Elasticsearch: %w", err)
	}
	if response.IsError() {
		return nil, newStatusError(response.StatusCode, body)
	}
	return body, nil
}

// Ask is Call that decodes the JSON of the answer into what into points to.
func (c *Client) Ask(ctx context.Context, request esapi.Request, into any) error {
	body, err := c.Call(ctx, request)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	return nil
}
