package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestStatusError(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		body, want string
	}{
		"object": {
			400, `{"error":{"type":"mapper_parsing_exception","reason":"bad field","caused_by":{"reason":"no such type"}},"status":400}`,
			"Elasticsearch answered 400 Bad Request: mapper_parsing_exception: bad field (no such type)",
		},
		"text":  {400, `{"error":"no handler found","status":400}`, "Elasticsearch answered 400 Bad Request: no handler found"},
		"proxy": {502, `<html>`, "Elasticsearch answered 502 Bad Gateway"},
	} {
		if got := newStatusError(c.status, []byte(c.body)).Error(); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

type finalError struct{ error }

func (finalError) Final() bool { return true }

func TestStarting(t *testing.T) {
	status := func(status int) error { return &StatusError{Status: status} }
	for name, c := range map[string]struct {
		err            error
		away, starting bool
	}{
		"nothing":      {nil, false, false},
		"no listener":  {errors.New("connection refused"), true, true},
		"not ready":    {status(503), true, true},
		"overloaded":   {status(429), true, true},
		"security off": {&StatusError{Status: 500, Reason: "Security must be explicitly enabled when using a [basic] license"}, false, false},
		"refused":      {status(401), false, false},
		"not allowed":  {status(403), false, false},
		"absent":       {status(404), false, false},
		"conclusion":   {fmt.Errorf("reading: %w", Conclude(errors.New("no such user"))), false, false},
		"another":      {fmt.Errorf("%w: <html>", ErrForeign), false, false},
		"no host":      {fmt.Errorf("dial: %w", finalError{errors.New("no route")}), true, false},
		"authority":    {fmt.Errorf("tls: %w", x509.UnknownAuthorityError{}), true, false},
		"name":         {fmt.Errorf("tls: %w", x509.HostnameError{Certificate: &x509.Certificate{}}), true, false},
		"expired":      {fmt.Errorf("tls: %w", x509.CertificateInvalidError{Reason: x509.Expired}), true, false},
		"plain HTTP":   {fmt.Errorf("tls: %w", tls.RecordHeaderError{Msg: "not TLS"}), true, false},
	} {
		if away, starting := Away(c.err), Starting(c.err); away != c.away || starting != c.starting {
			t.Errorf("%s: away %t, starting %t", name, away, starting)
		}
	}
}

func TestAwait(t *testing.T) {
	notReady := &StatusError{Status: 503}
	for name, c := range map[string]struct {
		answers []error
		limit   time.Duration
		want    error
		asked   int
	}{
		"started":   {[]error{notReady, notReady, nil}, time.Minute, nil, 3},
		"an answer": {[]error{notReady, &StatusError{Status: 403}}, time.Minute, &StatusError{Status: 403}, 2},
		"too late":  {[]error{notReady, notReady, nil}, 3 * time.Second, notReady, 2},
		"no limit":  {[]error{notReady, nil}, 0, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if c.limit > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.limit)
					defer cancel()
				}
				asked := 0
				err := Await(ctx, func(context.Context) error { asked++; return c.answers[asked-1] })
				if fmt.Sprint(err) != fmt.Sprint(c.want) || asked != c.asked {
					t.Errorf("%v after %d questions", err, asked)
				}
			})
		})
	}
}

func TestUnheard(t *testing.T) {
	for body, want := range map[string]bool{
		`{"error":"Incorrect HTTP method for uri [/_transform/x] and method [PUT], allowed: [POST]","status":405}`:                                  true,
		`{"error":{"type":"invalid_index_name_exception","reason":"Invalid index name [_slm], must not start with '_', '-', or '+'"},"status":400}`: true,
		`{"error":{"type":"invalid_index_name_exception","reason":"Invalid index name [Flows], must be lowercase"},"status":400}`:                   false,
		`{"error":{"type":"resource_not_found_exception","reason":"Transform with id [x] could not be found"},"status":404}`:                        false,
	} {
		var answer struct {
			Status int `json:"status"`
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		if got := Unheard(newStatusError(answer.Status, []byte(body))); got != want {
			t.Errorf("%s: %t", body, got)
		}
	}
	if Unheard(errors.New("no answer")) {
		t.Error("no answer is one")
	}
}
