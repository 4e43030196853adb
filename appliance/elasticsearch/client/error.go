package client

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// StatusError is an answer of Elasticsearch that is an error.
type StatusError struct {
	Status       int    // of HTTP
	Kind, Reason string // Elasticsearch's type and reason; may be empty
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("Elasticsearch answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Kind != "" {
		text += ": " + e.Kind
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Answer is an error that a server of the Elastic Stack answered: a *StatusError, or one of Kibana's.
type Answer interface {
	error
	HTTPStatus() int
	// Away tells whether nothing is known after it about what the server has.
	Away() bool
}

// HTTPStatus implements Answer.
func (e *StatusError) HTTPStatus() int { return e.Status }

// Away implements Answer.
func (e *StatusError) Away() bool {
	// An answer about how the server is set up, with a status that means a passing trouble elsewhere.
	off := strings.Contains(e.Reason, "Security must be explicitly enabled")
	return e.Status == http.StatusTooManyRequests || e.Status >= http.StatusInternalServerError && !off
}

// ErrForeign means that something else than Elasticsearch answers.
var ErrForeign = errors.New("the answer is not one of Elasticsearch")

// HasStatus tells whether an error is an answer of this HTTP status.
func HasStatus(err error, status int) bool {
	var answer Answer
	return errors.As(err, &answer) && answer.HTTPStatus() == status
}

// Absent tells whether an error is the answer that there is no such thing.
func Absent(err error) bool { return HasStatus(err, http.StatusNotFound) }

// Unheard tells whether an error is the answer of a server that lacks the part that was asked, such as snapshot lifecycle management: it takes the
// beginning of the path for the name of an index.
func Unheard(err error) bool {
	var answer *StatusError
	if !errors.As(err, &answer) {
		return false
	}
	return answer.Status == http.StatusMethodNotAllowed || answer.Kind == "invalid_index_name_exception" && strings.Contains(answer.Reason, "[_")
}

// Refused tells whether an error is the answer that the credentials are not accepted.
func Refused(err error) bool { return HasStatus(err, http.StatusUnauthorized) }

// Away tells whether the server could not be asked, or is not ready: nothing is known then about what it has.
func Away(err error) bool {
	var answer Answer
	if errors.As(err, &answer) {
		return answer.Away()
	}
	var known *conclusion
	return err != nil && !errors.Is(err, ErrForeign) && !errors.As(err, &known)
}

// conclusion is an error that is drawn from answers.
type conclusion struct{ error }

func (c *conclusion) Unwrap() error { return c.error }

// Conclude makes an error that Elasticsearch did answer, and that the answer will not be another one later.
func Conclude(err error) error { return &conclusion{err} }

// final is implemented by errors of a connection for which it is no use to try again.
type final interface {
	error
	Final() bool
}

// Starting tells whether Elasticsearch may give another answer when it has started.
func Starting(err error) bool {
	var (
		connection final
		authority  x509.UnknownAuthorityError
		name       x509.HostnameError
		invalid    x509.CertificateInvalidError
		plain      tls.RecordHeaderError
	)
	if errors.As(err, &connection) && connection.Final() {
		return false
	}
	for _, tls := range []any{&authority, &name, &invalid, &plain} {
		if errors.As(err, tls) {
			return false
		}
	}
	return Away(err)
}

// newStatusError reads the error object; an answer that has none (of a proxy, say) keeps its status.
func newStatusError(status int, body []byte) *StatusError {
	e := &StatusError{Status: status}
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
		_ = json.Unmarshal(answer.Error, &e.Reason) // some errors are a plain text
		return e
	}
	e.Kind, e.Reason = object.Type, object.Reason
	if inner := object.CausedBy.Reason; inner != "" && !strings.Contains(e.Reason, inner) {
		e.Reason += " (" + inner + ")"
	}
	return e
}
