package kibana

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// DefaultEndpoint is Kibana as its own host sees it.
const DefaultEndpoint = "https://127.0.0.1:5601"

// AuthorityFile is where Kibana's host has the certificates of the authority that signs Kibana's.
const AuthorityFile = Directory + "/certs/ca.crt"

// answerLimit bounds what is read of an answer, in octets. The objects of a large set of dashboards are some megabytes.
const answerLimit = 64 << 20

// Config says where Kibana is and how to reach it. Nothing is connected before the first question.
type Config struct {
	Endpoint    string // with server.basePath, if there is one; empty is DefaultEndpoint
	Dial        client.DialFunc
	Trust       client.Trust
	DialTLS     client.DialFunc      // instead of Trust; nil: Trust says whom to trust
	Credentials []client.Credentials // tried in this order when one is refused; none: anonymous
}

// Client asks one Kibana. It may be used by several goroutines at once.
type Client struct {
	http        *http.Client
	endpoint    string
	credentials *client.Tries
}

// New makes a client. The error is a *client.FieldError when the configuration is to blame.
func New(config Config) (*Client, error) {
	if config.Endpoint == "" {
		config.Endpoint = DefaultEndpoint
	}
	at, err := url.Parse(config.Endpoint)
	switch {
	case err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https":
		return nil, &client.FieldError{Field: "Endpoint", Message: "must be a URL such as " + DefaultEndpoint} // not shown: there may be a password in it
	case at.User != nil:
		return nil, &client.FieldError{Field: "Endpoint", Message: "write user and password as attributes, not in the URL"}
	}
	secure := config.DialTLS
	if secure == nil {
		if secure, err = config.Trust.DialTLS(config.Dial); err != nil {
			return nil, err
		}
	}
	return &Client{
		http: &http.Client{
			Transport: &http.Transport{
				DialContext:           config.Dial,
				DialTLSContext:        secure,
				ResponseHeaderTimeout: 2 * time.Minute, // an import of many objects
				IdleConnTimeout:       5 * time.Second,
				MaxConnsPerHost:       2, // each takes one of the few sessions of the host's connection, idle ones too
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // to a login page
		},
		endpoint: strings.TrimSuffix(config.Endpoint, "/"), credentials: client.NewTries(config.Credentials...),
	}, nil
}

// StatusError is an answer of Kibana that is an error, or none that Kibana gives.
type StatusError struct {
	Status  int // of HTTP
	Message string
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("Kibana answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// HTTPStatus implements client.Answer.
func (e *StatusError) HTTPStatus() int { return e.Status }

// Away implements client.Answer: nothing is known then about what Kibana has. One that is starting answers 503.
func (e *StatusError) Away() bool {
	return e.Status == http.StatusTooManyRequests || e.Status >= http.StatusInternalServerError
}

// call asks, and decodes the JSON of the answer into what into points to, if it is not nil. A body is JSON or, with a contentType, as it is.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, body any, contentType string, into any) (err error) {
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case []byte:
		content = bytes.NewReader(body)
	default:
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content, contentType = bytes.NewReader(encoded), "application/json"
	}
	target := c.endpoint + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return err
	}
	request.Header.Set("kbn-xsrf", "flowstack") // what changes something is refused without
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.credentials.Perform(request, c.http.Do)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // the URL and the method say nothing to who reads it
		}
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	switch {
	case err != nil:
		return fmt.Errorf("reading the answer of Kibana: %w", err)
	case response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices:
		return newStatusError(response.StatusCode, answer)
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return &StatusError{response.StatusCode, "this is no answer of Kibana's: " + err.Error()}
	}
	return nil
}

// textLimit bounds what is shown of an answer that is no JSON.
const textLimit = 200

// newStatusError reads the message; a server that is starting, or a proxy, answers in plain text.
func newStatusError(status int, body []byte) *StatusError {
	var answer struct {
		Message    string `json:"message"`
		Attributes struct {
			Objects []struct {
				Type, ID string
				Error    struct{ Message string }
			} `json:"objects"`
		} `json:"attributes"`
	}
	if json.Unmarshal(body, &answer) == nil {
		for _, object := range answer.Attributes.Objects {
			answer.Message += "; " + object.Type + "/" + object.ID + ": " + object.Error.Message
		}
		return &StatusError{status, answer.Message}
	}
	text := strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "<") || len(text) > textLimit {
		text = "" // a page
	}
	return &StatusError{status, text}
}
