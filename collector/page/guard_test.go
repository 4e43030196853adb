package page

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// visitor asks a guard.
type visitor struct {
	host, from         string
	username, password string
	path               string
}

func (v visitor) ask(g http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://x"+cmp.Or(v.path, "/"), nil)
	r.Host, r.RemoteAddr = cmp.Or(v.host, "localhost:8080"), cmp.Or(v.from, "127.0.0.1:50000")
	if v.username != "" {
		r.SetBasicAuth(v.username, v.password)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

func protect(g Guard) (*guard, *time.Time) {
	g.Logger = slog.New(slog.DiscardHandler)
	p, ok := g.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("in")) })).(*guard)
	if !ok {
		panic("Protect returns something else than a guard")
	}
	now := time.Unix(1_700_000_000, 0)
	p.clock = func() time.Time { return now }
	return p, &now
}

func TestOnlyNamesOfTheCollectorAreAnswered(t *testing.T) {
	loopback, _ := protect(Guard{Loopback: true, Hosts: []string{"flows.example.org"}})
	open, _ := protect(Guard{Hosts: []string{"flows.example.org"}})
	password := func() (string, error) { return "p", nil }
	secret, _ := protect(Guard{Username: "u", Password: password})
	behind, _ := protect(Guard{Username: "u", Password: password, Loopback: true})
	for host, want := range map[string][3]int{ // loopback, open to others without and with a password
		"localhost":             {200, 200, 200},
		"localhost:8080":        {200, 200, 200},
		"LOCALHOST.:8080":       {200, 200, 200},
		"127.0.0.1:8080":        {200, 200, 200},
		"127.9.9.9":             {200, 200, 200},
		"[::1]:8080":            {200, 200, 200},
		"flows.example.org":     {200, 200, 200},
		"Flows.Example.Org:80":  {200, 200, 200},
		"192.0.2.1:8080":        {421, 200, 200},
		"[2001:db8::1]:8080":    {421, 200, 200},
		"evil.example.com:8080": {421, 421, 200},
		"localhost.evil.com":    {421, 421, 200},
		"127.0.0.1.evil.com":    {421, 421, 200},
		"":                      {200, 200, 200}, // the visitor says localhost
		"[::1":                  {200, 200, 200},
	} {
		for i, g := range []*guard{loopback, open, secret, behind} {
			v := visitor{host: host}
			if i >= 2 {
				v.username, v.password = "u", "p"
			}
			if got := v.ask(g).Code; got != want[min(i, 2)] { // with a password, loopback is like others: a proxy may be in front
				t.Errorf("guard %d: host %q: status %d, want %d", i, host, got, want[i])
			}
		}
	}
	if body := (visitor{host: "evil.example.com"}).ask(loopback).Body.String(); !strings.Contains(body, "http.hosts") {
		t.Errorf("the answer does not say what to set: %s", body)
	}
}

func TestAPasswordIsNeeded(t *testing.T) {
	password, failure := "s3cret", error(nil)
	g, _ := protect(Guard{Username: "admin", Password: func() (string, error) { return password, failure }, Open: []string{"/livez"}})
	for _, path := range []string{"/", "/metrics", "/readyz", "/static/x/page.css", "/flows"} {
		w := visitor{path: path}.ask(g)
		if w.Code != http.StatusUnauthorized || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s without a password: status %d", path, w.Code)
		}
	}
	if w := (visitor{path: "/livez", host: "evil.example.com"}).ask(g); w.Code != http.StatusOK {
		t.Errorf("/livez: status %d", w.Code)
	}
	in := visitor{username: "admin", password: "s3cret"}
	if w := in.ask(g); w.Code != http.StatusOK {
		t.Errorf("status %d with the password", w.Code)
	}
	password = "another" // the file changed
	if w := in.ask(g); w.Code != http.StatusUnauthorized {
		t.Errorf("status %d with the password of before", w.Code)
	}
	for _, p := range []string{"", "unreadable"} {
		password, failure = p, nil
		if p != "" {
			failure = errors.New("gone")
		}
		for _, try := range []string{"", p, "x"} {
			if w := (visitor{username: "admin", password: try}).ask(g); w.Code != http.StatusServiceUnavailable {
				t.Errorf("status %d where there is no password", w.Code)
			}
		}
	}
}

func TestWhoGuessesHasToWait(t *testing.T) {
	g, now := protect(Guard{Username: "admin", Password: func() (string, error) { return "s3cret", nil }})
	right := visitor{username: "admin", password: "s3cret", from: "192.0.2.1:1"}
	wrong := visitor{username: "admin", password: "guess", from: "192.0.2.1:2"}
	for i := range maxAttempts {
		if w := wrong.ask(g); w.Code != http.StatusUnauthorized {
			t.Fatalf("guess %d: status %d", i, w.Code)
		}
	}
	for range 3 {
		w := wrong.ask(g)
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Fatalf("status %d after %d guesses", w.Code, maxAttempts)
		}
	}
	if w := right.ask(g); w.Code != http.StatusTooManyRequests {
		t.Errorf("who guessed may go on: status %d", w.Code)
	}
	right.from = "192.0.2.2:1"
	if w := right.ask(g); w.Code != http.StatusOK {
		t.Errorf("another address has to wait too: status %d", w.Code)
	}
	*now = now.Add(regain)
	if w := wrong.ask(g); w.Code != http.StatusUnauthorized {
		t.Errorf("status %d after the time to wait", w.Code)
	}
	if w := wrong.ask(g); w.Code != http.StatusTooManyRequests {
		t.Errorf("status %d at the second guess after it", w.Code)
	}
	*now = now.Add(time.Hour)
	right.from = "192.0.2.1:9"
	if w := right.ask(g); w.Code != http.StatusOK {
		t.Errorf("status %d an hour later", w.Code)
	}
	for i := range maxAttempts { // addresses of one link are one
		visitor{username: "admin", password: "guess", from: "[2001:db8::" + string(rune('1'+i)) + "]:2"}.ask(g)
	}
	if w := (visitor{username: "admin", password: "s3cret", from: "[2001:db8::ffff]:2"}).ask(g); w.Code != http.StatusTooManyRequests {
		t.Errorf("status %d for another address of the link", w.Code)
	}
	if g.attempts.Len() > maxAddresses {
		t.Error("more addresses are remembered than may be")
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	g, _ := protect(Guard{Loopback: true, Open: []string{"/livez"}})
	for _, v := range []visitor{{}, {host: "evil.example.com"}, {path: "/livez"}} {
		h := v.ask(g).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
		} {
			if !strings.Contains(h.Get(name), want) {
				t.Errorf("%+v: %s is %q", v, name, h.Get(name))
			}
		}
		if p := h.Get("Content-Security-Policy"); strings.Contains(p, "unsafe") || strings.Contains(p, "http") || !strings.HasPrefix(p, "default-src 'none'") {
			t.Errorf("policy %q", p)
		}
	}
}
