package client

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Credentials prove to Elasticsearch, or to Kibana, who asks: a user with a password, or an API key.
type Credentials struct {
	Username, Password string
	APIKey             string // id:key, or the same encoded as Elasticsearch does
}

// authorization is the header that carries them; empty for nobody.
func (c Credentials) authorization() string {
	switch {
	case strings.Contains(c.APIKey, ":"):
		return "ApiKey " + base64.StdEncoding.EncodeToString([]byte(c.APIKey))
	case c.APIKey != "":
		return "ApiKey " + c.APIKey
	case c.Username != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Username+":"+c.Password))
	}
	return ""
}

// Tries are the credentials of a client: they are tried in turn when they are refused, and those that were accepted last are used first.
type Tries struct {
	mu   sync.Mutex
	list []Credentials
	last int
}

// NewTries makes them, to be tried in this order; of nobody it is anonymous.
func NewTries(of ...Credentials) *Tries {
	made := &Tries{}
	for _, who := range of {
		if !slices.Contains(made.list, who) {
			made.list = append(made.list, who)
		}
	}
	if len(made.list) == 0 {
		made.list = []Credentials{{}}
	}
	return made
}

// all are those there are, in the order to try them.
func (c *Tries) all() []Credentials {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Concat(c.list[c.last:], c.list[:c.last])
}

// accepted keeps which were.
func (c *Tries) accepted(who Credentials) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := slices.Index(c.list, who); n >= 0 {
		c.last = n
	}
}

func (c *Tries) learn(who Credentials) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ours := func(known Credentials) bool { return known.Username == who.Username }
	if slices.ContainsFunc(c.list, ours) && !slices.Contains(c.list, who) {
		c.list = append(c.list, who)
	}
}

// Perform implements esapi.Transport.
func (c *Client) Perform(request *http.Request) (*http.Response, error) {
	return c.credentials.Perform(request, c.api.Perform)
}

// Perform asks with the credentials that worked last, and with the others in turn when these are refused. When all are, they are tried once more: somebody
// who asks at the same time may have changed the password between two of them.
func (c *Tries) Perform(request *http.Request, ask func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	var body []byte
	if request.Body != nil && request.Body != http.NoBody {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, fmt.Errorf("reading what to ask: %w", err)
		}
	}
	response, err := c.round(request, body, ask)
	if err != nil || response.StatusCode != http.StatusUnauthorized || len(c.all()) == 1 {
		return response, err
	}
	if err := response.Body.Close(); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return c.round(request, body, ask)
}

// round asks with one after another until one is not refused; else the answer is the last refusal.
func (c *Tries) round(request *http.Request, body []byte, ask func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	candidates := c.all()
	for i, who := range candidates {
		attempt := request.Clone(request.Context())
		if body != nil {
			attempt.Body, attempt.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		if header := who.authorization(); header != "" {
			attempt.Header.Set("Authorization", header)
		}
		response, err := ask(attempt)
		switch {
		case err != nil:
			return response, err
		case response.StatusCode != http.StatusUnauthorized:
			c.accepted(who)
			return response, nil
		case i+1 == len(candidates):
			return response, nil
		}
		if err := response.Body.Close(); err != nil {
			return nil, fmt.Errorf("reading the answer: %w", err)
		}
	}
	return nil, errors.New("there are no credentials") // NewTries makes some
}
