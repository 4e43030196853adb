package geoiptest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Server is MaxMind's download server for one account: it has editions, answers with redirects to a storage elsewhere, and counts.
type Server struct {
	URL     string
	Account string
	Key     string

	storage  *httptest.Server
	mu       sync.Mutex
	editions map[string][]byte // packed
	requests []string
	leaked   []string
	broken   bool
}

// Start starts a server without editions.
func Start(t testing.TB, account, key string) *Server {
	t.Helper()
	s := &Server{Account: account, Key: key, editions: map[string][]byte{}}
	s.storage = httptest.NewServer(http.HandlerFunc(s.store))
	front := httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = front.URL
	t.Cleanup(func() {
		front.Close()
		s.storage.Close()
	})
	return s
}

// Publish makes content what an edition has from now on.
func (s *Server) Publish(edition string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.editions[edition] = content
}

// Break makes the server answer that it is out of order.
func (s *Server) Break(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// Requests are what the server was asked for since the last call: "EDITION SUFFIX".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// Leaked are the credentials that the storage got, which are not for it.
func (s *Server) Leaked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.leaked)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edition := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/geoip/databases/"), "/download")
	suffix := r.URL.Query().Get("suffix")
	s.requests = append(s.requests, edition+" "+suffix)
	account, key, _ := r.BasicAuth()
	content, ok := s.editions[edition]
	switch {
	case s.broken:
		http.Error(w, "out of order", http.StatusServiceUnavailable)
	case account != s.Account || key != s.Key:
		http.Error(w, "Invalid license key", http.StatusUnauthorized)
	case !ok:
		http.Error(w, "Database edition not found", http.StatusNotFound)
	case suffix == "tar.gz.sha256":
		fmt.Fprint(w, Checksum(content, edition+"_20260101.tar.gz"))
	case suffix == "tar.gz":
		http.Redirect(w, r, s.storage.URL+"/"+edition+"?signature=canary-of-the-storage", http.StatusFound) //nolint:gosec // that is what it is for
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) store(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, values := range r.Header {
		if text := strings.Join(values, " "); name == "Authorization" || name == "Referer" || strings.Contains(text, s.Key) {
			s.leaked = append(s.leaked, name+": "+text)
		}
	}
	_, _ = w.Write(s.editions[strings.TrimPrefix(r.URL.Path, "/")]) // a client that goes away notices itself
}
