package page

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
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
}

// A site has 65,536 networks: all of them together have a ceiling.
func TestASiteHasToWait(t *testing.T) {
	g, _ := protect(Guard{Username: "admin", Password: func() (string, error) { return "s3cret", nil }})
	for i := range maxNetworkAttempts {
		if w := (visitor{username: "admin", password: "guess", from: fmt.Sprintf("[2001:db8:0:%x::1]:2", i)}).ask(g); w.Code != http.StatusUnauthorized {
			t.Fatalf("guess %d: status %d", i, w.Code)
		}
	}
	for from, want := range map[string]int{"[2001:db8:0:ffff::1]:1": http.StatusTooManyRequests, "[2001:db8:1::1]:1": http.StatusOK, "192.0.2.1:1": http.StatusOK} {
		if w := (visitor{username: "admin", password: "s3cret", from: from}).ask(g); w.Code != want {
			t.Errorf("from %s: status %d, want %d", from, w.Code, want)
		}
	}
}

// However many guess, few of them are remembered, those that did so last.
func TestFewWhoGuessAreRemembered(t *testing.T) {
	g, _ := protect(Guard{Username: "admin", Password: func() (string, error) { return "s3cret", nil }})
	address := func(i int) string { return fmt.Sprintf("10.1.%d.%d:1", i>>8, i&255) }
	for i := range maxAddresses + 100 {
		for range maxAttempts {
			visitor{username: "admin", password: "guess", from: address(i)}.ask(g)
		}
	}
	if n := g.attempts.Len(); n != maxAddresses {
		t.Errorf("%d addresses are remembered, want %d", n, maxAddresses)
	}
	for i, want := range map[int]int{0: http.StatusOK, maxAddresses + 99: http.StatusTooManyRequests} {
		if w := (visitor{username: "admin", password: "s3cret", from: address(i)}).ask(g); w.Code != want {
			t.Errorf("address %d: status %d, want %d", i, w.Code, want)
		}
	}
}

// Guesses that come at once, all of them before the first is answered, tell no more than others, and make nobody wait for longer.
func TestTheWaitIsBounded(t *testing.T) {
	arrived, go1 := make(chan struct{}), make(chan struct{})
	g, now := protect(Guard{Username: "admin", Password: func() (string, error) { arrived <- struct{}{}; <-go1; return "s3cret", nil }})
	var all sync.WaitGroup
	var told atomic.Int64
	for range 100 {
		all.Go(func() {
			if (visitor{username: "admin", password: "guess"}).ask(g).Code != http.StatusTooManyRequests {
				told.Add(1)
			}
		})
	}
	for range 100 {
		<-arrived
	}
	close(go1)
	all.Wait()
	if n := told.Load(); n != maxAttempts {
		t.Errorf("%d guesses at once are told to be wrong, want %d", n, maxAttempts)
	}
	if w := (visitor{}).ask(g); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "16" {
		t.Errorf("status %d, wait %s s", w.Code, w.Header().Get("Retry-After"))
	}
	*now = now.Add(regain)
	go func() { <-arrived }()
	if w := (visitor{username: "admin", password: "s3cret"}).ask(g); w.Code != http.StatusOK {
		t.Errorf("status %d after %s", w.Code, regain)
	}
}

// That there is no password, and that somebody guesses, is both logged, each once in a while.
func TestBothKindsOfTroubleAreLogged(t *testing.T) {
	var log bytes.Buffer
	failure := error(nil)
	g, now := protect(Guard{Username: "admin", Password: func() (string, error) { return "s3cret", failure }})
	g.Logger = slog.New(slog.NewTextHandler(&log, nil))
	for range 3 {
		visitor{username: "admin", password: "guess"}.ask(g)
	}
	failure = errors.New("gone")
	for range 3 {
		visitor{username: "admin", password: "s3cret"}.ask(g)
	}
	check := func(want int) {
		t.Helper()
		for _, text := range []string{"wrong user or password", "there is no password"} {
			if n := strings.Count(log.String(), text); n != want {
				t.Errorf("%q is logged %d times, want %d", text, n, want)
			}
		}
	}
	check(1)
	*now = now.Add(30 * time.Second)
	visitor{username: "admin", password: "s3cret"}.ask(g)
	failure = nil
	visitor{username: "admin", password: "guess"}.ask(g)
	check(2)
	if strings.Contains(log.String(), "guess\"") || strings.Contains(log.String(), "s3cret") {
		t.Error("a password is in the log")
	}
}

// A page of another site can neither make this server work nor guess; links from there work.
func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	g, _ := protect(Guard{Open: []string{"/livez"}})
	for header, want := range map[[3]string]int{ // site, mode, dest
		{"", "", ""}:                           200, // not a browser
		{"none", "navigate", "document"}:       200, // typed
		{"same-origin", "cors", "empty"}:       200,
		{"cross-site", "navigate", "document"}: 200, // a link
		{"cross-site", "navigate", ""}:         200,
		{"cross-site", "navigate", "iframe"}:   403,
		{"cross-site", "no-cors", "image"}:     403,
		{"cross-site", "cors", "empty"}:        403,
		{"cross-site", "", ""}:                 403,
	} {
		for path, want := range map[string]int{"/": want, "/flows?last=all": want, "/livez": 200} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:8080"+path, nil)
			for i, name := range []string{"Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"} {
				if header[i] != "" {
					r.Header.Set(name, header[i])
				}
			}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%v: %s: status %d, want %d", header, path, w.Code, want)
			}
		}
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
