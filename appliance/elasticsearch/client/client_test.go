package client

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/elastic/go-elasticsearch/v7/esapi"
)

// server answers as Elasticsearch does, with what answer says; it keeps the requests: their user or key, a space, and their body.
type server struct {
	*httptest.Server
	asked []string
}

func serve(t *testing.T, answer func(r *http.Request) (status int, body string)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.asked = append(s.asked, r.Header.Get("Authorization")+" "+string(body))
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		status, text := answer(r)
		w.WriteHeader(status)
		if _, err := io.WriteString(w, text); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) client(t *testing.T, who ...Credentials) *Client {
	t.Helper()
	c, err := New(Config{Endpoint: s.URL, Dial: new(net.Dialer).DialContext, Credentials: who})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Somebody else changes the password after the new one was refused and before the old one is tried.
func TestPasswordChangedMeanwhile(t *testing.T) {
	accepted := "old"
	s := serve(t, func(r *http.Request) (int, string) {
		_, password, _ := r.BasicAuth()
		ok := password == accepted
		accepted = "new"
		if !ok {
			return http.StatusUnauthorized, `{"error":{"type":"security_exception","reason":"unable to authenticate user [elastic]"},"status":401}`
		}
		return http.StatusOK, `{}`
	})
	c := s.client(t, Credentials{Username: "elastic", Password: "new"}, Credentials{Username: "elastic", Password: "old"})
	if _, err := c.Call(t.Context(), esapi.SecurityAuthenticateRequest{}); err != nil || len(s.asked) != 3 {
		t.Errorf("asked %q: %v", s.asked, err)
	}
}

func TestCredentials(t *testing.T) {
	accepted := "new"
	s := serve(t, func(r *http.Request) (int, string) {
		if _, password, _ := r.BasicAuth(); password != accepted {
			return http.StatusUnauthorized, `{"error":{"type":"security_exception","reason":"unable to authenticate user [elastic]"},"status":401}`
		}
		return http.StatusOK, `{}`
	})
	const body = `{"password":"x"}`
	put := func(c *Client) error {
		_, err := c.Call(t.Context(), esapi.SecurityChangePasswordRequest{Username: "x", Body: strings.NewReader(body)})
		return err
	}
	basic := func(password string) string {
		return Credentials{Username: "elastic", Password: password}.authorization() + " " + body
	}
	c := s.client(t, Credentials{Username: "elastic", Password: "new"}, Credentials{Username: "elastic", Password: "old"})
	for _, step := range []struct {
		accepted string
		refused  bool
		asked    []string
	}{
		{"new", false, []string{"new"}},
		{"old", false, []string{"new", "old"}},
		{"old", false, []string{"old"}}, // the one that worked
		{"new", false, []string{"old", "new"}},
		{"other", true, []string{"new", "old", "new", "old"}},
	} {
		accepted, s.asked = step.accepted, nil
		if err := put(c); Refused(err) != step.refused || err != nil && !step.refused {
			t.Errorf("%s: %v", step.accepted, err)
		}
		want := make([]string, 0, len(step.asked))
		for _, password := range step.asked {
			want = append(want, basic(password))
		}
		if !slices.Equal(s.asked, want) {
			t.Errorf("%s: asked %q, not %q", step.accepted, s.asked, want)
		}
	}
	s.asked = nil
	c.Learn(Credentials{Username: "somebody", Password: "other"}) // of nobody it asks as
	if err := put(c); !Refused(err) {
		t.Errorf("with the password of somebody else: %v", err)
	}
	s.asked = nil
	if err := put(c.Or(Credentials{Username: "elastic", Password: "new"}, Credentials{Username: "elastic", Password: "other"})); err != nil {
		t.Errorf("with one more: %v", err)
	}
	if len(s.asked) != 3 {
		t.Errorf("with one more, and one it has: asked %q", s.asked)
	}
	c.Learn(Credentials{Username: "elastic", Password: "other"})
	if err := put(c); err != nil {
		t.Errorf("with the password it has learnt: %v", err)
	}
	s.asked = nil
	if err := put(c.As(Credentials{Username: "elastic", Password: "other"})); err != nil {
		t.Errorf("as somebody else: %v", err)
	}
	if err := put(c.As()); !Refused(err) {
		t.Errorf("as nobody: %v", err)
	}
	if want := []string{basic("other"), " " + body}; !slices.Equal(s.asked, want) {
		t.Errorf("asked %q, not %q", s.asked, want)
	}
}

func TestAuthorization(t *testing.T) {
	for _, c := range []struct {
		who  Credentials
		want string
	}{
		{Credentials{Username: "elastic", Password: "x"}, "Basic ZWxhc3RpYzp4"},
		{Credentials{APIKey: "id:key"}, "ApiKey aWQ6a2V5"},
		{Credentials{APIKey: "aWQ6a2V5"}, "ApiKey aWQ6a2V5"},
		{Credentials{}, ""},
	} {
		if got := c.who.authorization(); got != c.want {
			t.Errorf("%+v: %s, not %s", c.who, got, c.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		field  string
	}{
		"no URL":      {Config{Endpoint: "127.0.0.1:9200"}, "Endpoint"},
		"scheme":      {Config{Endpoint: "ftp://127.0.0.1:9200"}, "Endpoint"},
		"user":        {Config{Endpoint: "https://elastic:canary@127.0.0.1:9200"}, "Endpoint"},
		"certificate": {Config{Trust: Trust{Certificates: []byte("canary")}}, "Trust"},
	} {
		_, err := New(c.config)
		var mistake *FieldError
		if !errors.As(err, &mistake) || mistake.Field != c.field || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(Config{}); err != nil {
		t.Errorf("the standard: %v", err)
	}
}

func TestWhatIsNotElasticsearch(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"product": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		"answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Elastic-Product", "Elasticsearch")
			_, _ = io.WriteString(w, "<html>")
		},
	} {
		s := httptest.NewServer(answer)
		c, err := New(Config{Endpoint: s.URL, Dial: new(net.Dialer).DialContext})
		if err != nil {
			t.Fatal(err)
		}
		var into map[string]any
		if err = c.Ask(t.Context(), esapi.InfoRequest{}, &into); !errors.Is(err, ErrForeign) || Away(err) {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
}
