package flowindex

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// answerLimit bounds what is read of an answer, in octets.
const answerLimit = 8 << 20

// api are the three calls the resource makes.
type api struct{ elasticsearch *connection.Elasticsearch }

// statusError is an answer of Elasticsearch that is an error.
type statusError struct {
	status       int
	kind, reason string // Elasticsearch's type and reason; may be empty
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("Elasticsearch answered %d %s", e.status, http.StatusText(e.status))
	if e.kind != "" {
		text += ": " + e.kind
	}
	if e.reason != "" {
		text += ": " + e.reason
	}
	switch e.status {
	case http.StatusUnauthorized:
		text += " (check username and password of the provider's elasticsearch)"
	case http.StatusForbidden:
		text += " (the user needs the cluster privilege manage_index_templates)"
	}
	return text
}

// away tells whether Elasticsearch could not be asked, or is not ready: nothing is known then about what it has.
func away(err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		return status.status == http.StatusTooManyRequests || status.status >= http.StatusInternalServerError
	}
	return !errors.Is(err, errForeign)
}

// starting tells whether Elasticsearch may give another answer when it has started.
func starting(err error) bool {
	var (
		host      *connection.Error
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		plain     tls.RecordHeaderError
	)
	for _, final := range []any{&host, &authority, &name, &invalid, &plain} {
		if errors.As(err, final) {
			return false
		}
	}
	return away(err)
}

// pause is the time between two questions to an Elasticsearch that is starting.
const pause = 2 * time.Second

// await is get, patient with an Elasticsearch that is starting, as long as ctx allows.
func (a api) await(ctx context.Context, name string) (map[string]any, error) {
	for {
		found, err := a.get(ctx, name)
		if err == nil || !starting(err) {
			return found, err
		}
		deadline, limited := ctx.Deadline()
		if limited && time.Until(deadline) < pause {
			return nil, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// errForeign means that something else than Elasticsearch answers.
var errForeign = errors.New("the answer is not one of Elasticsearch")

// get returns the template of this name; nil: there is none.
func (a api) get(ctx context.Context, name string) (map[string]any, error) {
	body, err := a.call(ctx, esapi.IndicesGetIndexTemplateRequest{Name: name})
	var status *statusError
	if errors.As(err, &status) && status.status == http.StatusNotFound {
		return nil, nil //nolint:nilnil // proven absent
	}
	if err != nil {
		return nil, err
	}
	var answer struct {
		Templates []struct {
			Name     string         `json:"name"`
			Template map[string]any `json:"index_template"`
		} `json:"index_templates"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("%w: %w", errForeign, err)
	}
	for _, found := range answer.Templates {
		if found.Name == name {
			return found.Template, nil
		}
	}
	return nil, fmt.Errorf("%w: it has no template %s and does not say that there is none", errForeign, name)
}

func (a api) put(ctx context.Context, name string, template map[string]any) error {
	body, err := json.Marshal(template)
	if err != nil {
		return err
	}
	_, err = a.call(ctx, esapi.IndicesPutIndexTemplateRequest{Name: name, Body: bytes.NewReader(body)})
	return err
}

// remove deletes the template; that there is none is as wanted.
func (a api) remove(ctx context.Context, name string) error {
	_, err := a.call(ctx, esapi.IndicesDeleteIndexTemplateRequest{Name: name})
	var status *statusError
	if errors.As(err, &status) && status.status == http.StatusNotFound {
		return nil
	}
	return err
}

func (a api) call(ctx context.Context, request esapi.Request) (body []byte, err error) {
	response, err := request.Do(ctx, a.elasticsearch.Client())
	if err != nil {
		if strings.Contains(err.Error(), "not Elasticsearch") {
			return nil, fmt.Errorf("%w: %w", errForeign, err)
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

// newStatusError reads the error object; an answer that has none (of a proxy, say) keeps its status.
func newStatusError(status int, body []byte) *statusError {
	e := &statusError{status: status}
	var answer struct {
		Error json.RawMessage `json:"error"`
	}
	var object struct {
		Type     string `json:"type"`
		Reason   string `json:"reason"`
		CausedBy struct {
			Reason string `json:"reason"`
		} `json:"caused_by"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return e
	}
	if json.Unmarshal(answer.Error, &object) != nil {
		_ = json.Unmarshal(answer.Error, &e.reason) // some errors are a plain text
		return e
	}
	e.kind, e.reason = object.Type, object.Reason
	if inner := object.CausedBy.Reason; inner != "" && !strings.Contains(e.reason, inner) {
		e.reason += " (" + inner + ")"
	}
	return e
}
